#include <napi.h>

#include "bindings/bind_backward_layer.h"
#include "bindings/bind_convert_rows.h"
#include "bindings/bind_device.h"
#include "bindings/bind_embed_tokens.h"
#include "bindings/bind_find_non_finite.h"
#include "bindings/bind_forward_layer.h"
#include "bindings/bind_generate_samples.h"
#include "bindings/bind_head_loss.h"
#include "bindings/bind_quantize_layer.h"
#include "bindings/bind_quantize_weight.h"
#include "bindings/bind_tokenize.h"
#include "bindings/bind_weight_error.h"

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
    exports.Set("convertRows", Napi::Function::New(env, mixllm::bind_convert_rows));
    exports.Set("weightError", Napi::Function::New(env, mixllm::bind_weight_error));
    exports.Set("quantizeWeight", Napi::Function::New(env, mixllm::bind_quantize_weight));
    exports.Set("device", Napi::Function::New(env, mixllm::bind_device));
    exports.Set("embedTokens", Napi::Function::New(env, mixllm::bind_embed_tokens));
    exports.Set("findNonFinite", Napi::Function::New(env, mixllm::bind_find_non_finite));
    exports.Set("forwardLayer", Napi::Function::New(env, mixllm::bind_forward_layer));
    exports.Set("backwardLayer", Napi::Function::New(env, mixllm::bind_backward_layer));
    exports.Set("headLoss", Napi::Function::New(env, mixllm::bind_head_loss));
    exports.Set("quantizeLayer", Napi::Function::New(env, mixllm::bind_quantize_layer));
    exports.Set("tokenize", Napi::Function::New(env, mixllm::bind_tokenize));
    exports.Set("generateSamples", Napi::Function::New(env, mixllm::bind_generate_samples));
    return exports;
}

} // namespace

NODE_API_MODULE(mixllm_converter, init)
