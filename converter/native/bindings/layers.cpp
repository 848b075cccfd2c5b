#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "bindings/bindings.h"
#include "bindings/read_layer.h"
#include "bindings/read_weight.h"
#include "common/native/start_job.h"
#include "layers/backward_layer.h"
#include "layers/embed_tokens.h"
#include "layers/forward_layer.h"
#include "layers/head_loss.h"
#include "layers/standard_quantization.h"

namespace mixllm {

namespace {

Napi::Float32Array to_array(Napi::Env env, const std::vector<float>& values) {
    Napi::Float32Array array = Napi::Float32Array::New(env, values.size());
    std::copy(values.begin(), values.end(), array.Data());
    return array;
}

Napi::Value bind_device(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    try {
        ggml_backend_dev_t device = graph_device();
        size_t free_bytes = 0;
        size_t all_bytes = 0;
        ggml_backend_dev_memory(device, &free_bytes, &all_bytes);
        const Napi::Object result = Napi::Object::New(env);
        result.Set("name", ggml_backend_dev_description(device));
        result.Set("isGpu", ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_GPU);
        result.Set("freeBytes", static_cast<double>(free_bytes));
        return result;
    } catch (const std::runtime_error& error) {
        throw Napi::Error::New(env, error.what());
    }
}

Napi::Value bind_embed_tokens(const Napi::CallbackInfo& info) {
    const Calibration calibration = read_calibration({info[0], "calibration"});
    const SourceRows embedding = read_source({info[1], "embedding"});
    const std::string output = Argument(info[2], "output").text();
    return start_job(info, [=](JobControl& control) -> JobResult {
        embed_tokens(calibration, embedding, output, control);
        return no_result;
    });
}

Napi::Value bind_forward_layer(const Napi::CallbackInfo& info) {
    const LayerCall call = read_layer_call({info[0], "call"});
    const std::string input = Argument(info[1], "input").text();
    const std::string output = Argument(info[2], "output").text();
    return start_job(info, [=](JobControl& control) -> JobResult {
        Engine engine(Workers(call.threads, control));
        const LayerWeights weights(engine, call.shape, call.sources, LayerWeights::Purpose::forward);
        forward_layer(engine, call.shape, weights, call.calibration, input, output);
        return no_result;
    });
}

Napi::Value bind_head_loss(const Napi::CallbackInfo& info) {
    const Argument call(info[0], "call");
    HeadSources sources{};
    sources.norm = read_source(call["norm"]);
    sources.head = read_source(call["head"]);
    sources.norm_epsilon = static_cast<float>(call["normEpsilon"].number());
    const Calibration calibration = read_calibration(call["calibration"]);
    const int threads = call["threads"].integer<int>(1);
    const std::string input = Argument(info[1], "input").text();
    const std::string gradient = Argument(info[2], "gradient").text();
    for (const int32_t token : calibration.tokens) {
        if (token < 0 || static_cast<size_t>(token) >= sources.head.rows) {
            call["calibration"]["tokens"].fail("tokens of a vocabulary of " + std::to_string(sources.head.rows));
        }
    }
    return start_job(info, [=](JobControl& control) -> JobResult {
        Engine engine(Workers(threads, control));
        const auto losses =
            std::make_shared<std::vector<double>>(head_loss(engine, sources, calibration, input, gradient));
        return [=](Napi::Env env) {
            Napi::Float64Array result = Napi::Float64Array::New(env, losses->size());
            std::copy(losses->begin(), losses->end(), result.Data());
            return result;
        };
    });
}

Napi::Value bind_backward_layer(const Napi::CallbackInfo& info) {
    const LayerCall call = read_layer_call({info[0], "call"});
    const std::string input = Argument(info[1], "input").text();
    const std::string output_gradient = Argument(info[2], "outputGradient").text();
    const std::string input_gradient = Argument(info[3], "inputGradient").text();
    return start_job(info, [=](JobControl& control) -> JobResult {
        Engine engine(Workers(call.threads, control));
        const LayerWeights weights(engine, call.shape, call.sources, LayerWeights::Purpose::backward);
        const auto salience = std::make_shared<LayerSalience>(
            backward_layer(engine, call.shape, weights, call.calibration, input, output_gradient, input_gradient));
        return [=](Napi::Env env) {
            const Napi::Object result = Napi::Object::New(env);
            for (size_t i = 0; i < linear_count; i++) {
                const Napi::Object linear = Napi::Object::New(env);
                linear.Set("taylor", to_array(env, (*salience)[i].taylor));
                linear.Set("fisher", to_array(env, (*salience)[i].fisher));
                result.Set(std::string(linear_tensor_names[i]) + ".weight", linear);
            }
            return result;
        };
    });
}

Napi::Value bind_quantize_layer(const Napi::CallbackInfo& info) {
    const LayerCall call = read_layer_call({info[0], "call"});
    const Argument linears(info[1], "linears");
    LayerRows rows;
    std::array<std::optional<PackedWeight>, linear_count> destinations;
    for (size_t i = 0; i < linear_count; i++) {
        const Argument linear = linears[std::string(linear_tensor_names[i]) + ".weight"];
        if (!linear.is_given()) {
            continue;
        }
        const auto outputs = static_cast<size_t>(call.shape.outputs(all_linears[i]));
        const uint8_t* mask = linear["is8bit"].numbers<uint8_t>(outputs);
        rows[i].assign(mask, mask + outputs);
        destinations[i] = read_packed(linear["components"], rows[i].data(), outputs,
                                      static_cast<size_t>(call.shape.inputs(all_linears[i])));
    }
    const Argument files(info[2], "files");
    const QuantizeLayerFiles paths{files["input"].text(), files["output"].text(), files["floatInput"].text(),
                                   files["floatOutput"].text(), files["scratch"].text()};
    return start_job(info, [=](JobControl& control) -> JobResult {
        Engine engine(Workers(call.threads, control));
        const QuantizedLayer outcomes =
            quantize_layer(engine, call.shape, call.sources, call.calibration, rows, standard_quantization(), paths);
        std::vector<std::pair<std::string, double>> damping;
        for (size_t i = 0; i < linear_count; i++) {
            if (outcomes[i]) {
                pack_rows(outcomes[i]->linear.rows4, destinations[i]->packed4);
                pack_rows(outcomes[i]->linear.rows8, destinations[i]->packed8);
                damping.emplace_back(std::string(linear_tensor_names[i]) + ".weight", outcomes[i]->damping);
            }
        }
        return [=](Napi::Env env) {
            const Napi::Object result = Napi::Object::New(env);
            for (const auto& [name, value] : damping) {
                result.Set(name, value);
            }
            return result;
        };
    });
}

} // namespace

void bind_layers(Napi::Env env, Napi::Object exports) {
    exports.Set("device", Napi::Function::New(env, bind_device, "device"));
    exports.Set("embedTokens", Napi::Function::New(env, bind_embed_tokens, "embedTokens"));
    exports.Set("forwardLayer", Napi::Function::New(env, bind_forward_layer, "forwardLayer"));
    exports.Set("headLoss", Napi::Function::New(env, bind_head_loss, "headLoss"));
    exports.Set("backwardLayer", Napi::Function::New(env, bind_backward_layer, "backwardLayer"));
    exports.Set("quantizeLayer", Napi::Function::New(env, bind_quantize_layer, "quantizeLayer"));
}

} // namespace mixllm
