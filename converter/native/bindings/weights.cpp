#include <memory>
#include <string>
#include <vector>

#include "bindings/bindings.h"
#include "bindings/read_weight.h"
#include "common/native/start_job.h"
#include "quantize/quantize_weight.h"
#include "weights/convert_rows.h"

namespace mixllm {

namespace {

Napi::Value bind_find_non_finite(const Napi::CallbackInfo& info) {
    const SourceRows source = read_source({info[0], "source"});
    const int threads = Argument(info[1], "threads").integer<int>(1);
    return start_job(info, [=](JobControl& control) -> JobResult {
        const int64_t position = find_non_finite(source, Workers(threads, control));
        return [=](Napi::Env env) { return Napi::Number::New(env, static_cast<double>(position)); };
    });
}

Napi::Value bind_convert_rows(const Napi::CallbackInfo& info) {
    const SourceRows source = read_source({info[0], "source"});
    const Argument type_name(info[1], "type");
    const ggml_type type = read_tensor_type(type_name);
    if (source.columns % static_cast<size_t>(ggml_blck_size(type)) != 0 || ggml_quantize_requires_imatrix(type)) {
        type_name.fail("a type that rows of " + std::to_string(source.columns) + " can be stored in");
    }
    const size_t row_bytes = ggml_row_size(type, static_cast<int64_t>(source.columns));
    uint8_t* out = Argument(info[2], "out").numbers<uint8_t>(source.rows * row_bytes);
    const int threads = Argument(info[3], "threads").integer<int>(1);
    return start_job(info, [=](JobControl& control) -> JobResult {
        const ConversionReport report = convert_rows(source, type, out, Workers(threads, control));
        return [=](Napi::Env env) {
            const Napi::Object result = Napi::Object::New(env);
            result.Set("firstNonFinite", static_cast<double>(report.first_non_finite));
            result.Set("overflowed", static_cast<double>(report.overflowed));
            return result;
        };
    });
}

Napi::Value bind_weight_error(const Napi::CallbackInfo& info) {
    const SourceRows source = read_source({info[0], "source"});
    double* out = Argument(info[1], "out").numbers<double>(source.rows);
    const int threads = Argument(info[2], "threads").integer<int>(1);
    return start_job(info, [=](JobControl& control) -> JobResult {
        const int64_t position = weight_error(source, out, Workers(threads, control));
        return [=](Napi::Env env) {
            const Napi::Object result = Napi::Object::New(env);
            result.Set("firstNonFinite", static_cast<double>(position));
            return result;
        };
    });
}

Napi::Value bind_quantize_weight(const Napi::CallbackInfo& info) {
    const SourceRows source = read_source({info[0], "source"});
    const uint8_t* is_8bit = Argument(info[1], "is8bit").numbers<uint8_t>(source.rows);
    const Argument stacked(info[2], "experts");
    const auto experts = stacked.integer<size_t>(1);
    if (source.rows % experts != 0) {
        stacked.fail("a divisor of " + std::to_string(source.rows) + " rows");
    }
    const size_t outputs = source.rows / experts;
    const std::vector<PackedWeight> out = read_packed({info[3], "out"}, is_8bit, experts, outputs, source.columns);
    const int threads = Argument(info[4], "threads").integer<int>(1);
    return start_job(info, [=](JobControl& control) -> JobResult {
        QuantizationReport report{-1, -1};
        for (size_t e = 0; e < experts && report.first_non_finite < 0 && report.first_out_of_range < 0; e++) {
            report = quantize_weight(source.part(e * outputs, outputs), out[e].rows.data(), out[e].rows4,
                                     out[e].packed4, out[e].packed8, Workers(threads, control));
            const auto before = static_cast<int64_t>(e * outputs);
            report.first_non_finite += report.first_non_finite < 0 ? 0 : before * static_cast<int64_t>(source.columns);
            report.first_out_of_range += report.first_out_of_range < 0 ? 0 : before;
        }
        return [=](Napi::Env env) {
            const Napi::Object result = Napi::Object::New(env);
            result.Set("firstNonFinite", static_cast<double>(report.first_non_finite));
            result.Set("firstOutOfRange", static_cast<double>(report.first_out_of_range));
            return result;
        };
    });
}

} // namespace

void bind_weights(Napi::Env env, Napi::Object exports) {
    exports.Set("findNonFinite", Napi::Function::New(env, bind_find_non_finite, "findNonFinite"));
    exports.Set("convertRows", Napi::Function::New(env, bind_convert_rows, "convertRows"));
    exports.Set("weightError", Napi::Function::New(env, bind_weight_error, "weightError"));
    exports.Set("quantizeWeight", Napi::Function::New(env, bind_quantize_weight, "quantizeWeight"));
}

} // namespace mixllm
