#include "bind_quantize_weight.h"

#include <memory>

#include "../quantize/quantize_weight.h"
#include "arguments.h"
#include "async_task.h"

namespace mixllm {

Napi::Value bind_quantize_weight(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const Napi::Object source_object = info[0].As<Napi::Object>();
    const SourceRows source = read_source(source_object);
    if (source.rows % 16 != 0 || source.columns % 32 != 0) {
        throw Napi::TypeError::New(env, "a MixLLM weight has a multiple of 16 rows and of 32 columns");
    }
    const unsigned char* is_8bit = read_buffer(info[1], source.rows, "the 8-bit mask");
    const size_t threads = read_size(info[3], "threads");

    const Napi::Object out = info[2].As<Napi::Object>();
    int32_t* rows = reinterpret_cast<int32_t*>(read_buffer(out.Get("rows"), source.rows * sizeof(int32_t), "rows"));
    const size_t rows4 = order_rows(is_8bit, source.rows, rows);
    const size_t rows8 = source.rows - rows4;
    if (rows8 % 16 != 0) {
        throw Napi::TypeError::New(env, "the number of 8-bit rows must be a multiple of 16");
    }
    const size_t groups = group_count(source.columns);
    const Packed4 packed4 = {
        read_buffer(out.Get("w4"), rows4 * source.columns / 2, "w4"),
        reinterpret_cast<uint16_t*>(read_buffer(out.Get("w4_scale"), rows4 * groups * sizeof(uint16_t), "w4_scale")),
        read_buffer(out.Get("w4_zero"), rows4 / 2 * groups, "w4_zero"),
    };
    const Packed8 packed8 = {
        reinterpret_cast<int8_t*>(read_buffer(out.Get("w8"), rows8 * source.columns, "w8")),
        reinterpret_cast<uint16_t*>(read_buffer(out.Get("w8_scale"), rows8 * groups * sizeof(uint16_t), "w8_scale")),
    };

    const auto report = std::make_shared<QuantizationReport>();
    return AsyncTask::run(
        env, {source_object.Get("data").As<Napi::Object>(), out},
        [=] { *report = quantize_weight(source, rows, rows4, packed4, packed8, threads); },
        [=](Napi::Env result_env) {
            const Napi::Object result = Napi::Object::New(result_env);
            result.Set("firstNonFinite", static_cast<double>(report->first_non_finite));
            result.Set("firstOutOfRange", static_cast<double>(report->first_out_of_range));
            return result;
        });
}

} // namespace mixllm
