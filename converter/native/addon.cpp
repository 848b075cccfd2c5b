#include <napi.h>

#include "bindings/bind_convert_rows.h"
#include "bindings/bind_encode_header.h"
#include "bindings/bind_quantize_weight.h"
#include "bindings/bind_weight_error.h"

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
    exports.Set("encodeHeader", Napi::Function::New(env, mixllm::bind_encode_header));
    exports.Set("convertRows", Napi::Function::New(env, mixllm::bind_convert_rows));
    exports.Set("weightError", Napi::Function::New(env, mixllm::bind_weight_error));
    exports.Set("quantizeWeight", Napi::Function::New(env, mixllm::bind_quantize_weight));
    return exports;
}

} // namespace

NODE_API_MODULE(mixllm_converter, init)
