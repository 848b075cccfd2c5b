#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bindings/bindings.h"
#include "bindings/read_weight.h"
#include "calibration/output_moment.h"
#include "common/native/start_job.h"
#include "engine/product_speed.h"
#include "graph/backward_section.h"
#include "graph/equalize_section.h"
#include "graph/head_section.h"
#include "graph/linears.h"
#include "graph/quantize_section.h"
#include "graph/run_section.h"

namespace mixllm {

namespace {

/// What JavaScript holds of a model's graph; jobs that use it keep it alive.
using DecoderHandle = std::shared_ptr<Decoder>;

/// What every step works on.
struct SectionCall {
    DecoderHandle decoder;
    size_t section;
    WeightSources sources;
    Calibration calibration;
    int threads;
};

Calibration read_calibration(const Argument& object, const Decoder& decoder) {
    Calibration calibration{};
    calibration.samples = object["samples"].integer(1);
    calibration.length = object["length"].integer<int32_t>(2);
    if (calibration.length != decoder.length()) {
        object["length"].fail(std::to_string(decoder.length()) + ", which the graph is of");
    }
    calibration.batch_samples = object["batchSamples"].integer(1);
    if (calibration.batch_samples < calibration.samples &&
        calibration.batch_samples % calibration.samples_per_sum() != 0) {
        object["batchSamples"].fail("a multiple of " + std::to_string(calibration.samples_per_sum()) + ", or all");
    }
    const auto count = static_cast<size_t>(calibration.total_tokens());
    const int32_t* tokens = object["tokens"].numbers<int32_t>(count);
    calibration.tokens.assign(tokens, tokens + count);
    const int64_t vocabulary = decoder.single().graph.output->ne[0];
    for (const int32_t token : calibration.tokens) {
        if (token < 0 || token >= vocabulary) {
            object["tokens"].fail("tokens of a vocabulary of " + std::to_string(vocabulary));
        }
    }
    return calibration;
}

SectionCall read_call(const Argument& object) {
    SectionCall call{};
    call.decoder = object["decoder"].handle<DecoderHandle>();
    call.section = object["section"].integer<size_t>();
    const std::vector<Section>& sections = call.decoder->single().sections;
    if (call.section >= sections.size()) {
        object["section"].fail("below " + std::to_string(sections.size()));
    }
    for (const ggml_tensor* leaf : sections[call.section].weights) {
        call.sources.emplace(leaf->name, read_source(object["weights"][leaf->name]));
    }
    call.calibration = read_calibration(object["calibration"], *call.decoder);
    call.threads = object["threads"].integer<int>(1);
    return call;
}

/// Paths by number of the crossing value, for as many of `numbers` as there are.
ValuePaths read_paths(const Argument& object, const std::vector<size_t>& numbers) {
    ValuePaths paths;
    for (const size_t number : numbers) {
        const Argument path = object[std::to_string(number)];
        if (path.is_given()) {
            paths.emplace(number, path.text());
        }
    }
    return paths;
}

std::vector<size_t> inputs_of(const SectionCall& call) {
    const DecoderForm& form = call.decoder->single();
    return form.numbers(form.sections[call.section].inputs);
}

std::vector<size_t> outputs_of(const SectionCall& call) {
    const DecoderForm& form = call.decoder->single();
    return form.numbers(form.sections[call.section].outputs);
}

/// Where a section runs: experts are read row by row, which only the CPU does.
Engine::Where place_of(const SectionCall& call) {
    const DecoderForm& form = call.decoder->single();
    return find_experts(form.graph, form.sections[call.section]).empty() ? Engine::Where::any : Engine::Where::cpu;
}

Napi::Array to_array(Napi::Env env, const std::vector<size_t>& numbers) {
    const Napi::Array array = Napi::Array::New(env, numbers.size());
    for (size_t i = 0; i < numbers.size(); i++) {
        array.Set(static_cast<uint32_t>(i), static_cast<double>(numbers[i]));
    }
    return array;
}

Napi::Float32Array to_array(Napi::Env env, const std::vector<float>& values) {
    Napi::Float32Array array = Napi::Float32Array::New(env, values.size());
    std::copy(values.begin(), values.end(), array.Data());
    return array;
}

Napi::Uint8Array to_bytes(Napi::Env env, const std::vector<uint16_t>& values) {
    Napi::Uint8Array array = Napi::Uint8Array::New(env, values.size() * sizeof(uint16_t));
    std::memcpy(array.Data(), values.data(), array.ByteLength());
    return array;
}

template <typename Item, typename Describe>
Napi::Array describe_all(Napi::Env env, const std::vector<Item>& items, const Describe& describe) {
    const Napi::Array array = Napi::Array::New(env, items.size());
    for (size_t i = 0; i < items.size(); i++) {
        const Napi::Object object = Napi::Object::New(env);
        describe(i, items[i], object);
        array.Set(static_cast<uint32_t>(i), object);
    }
    return array;
}

/// `ModelGraph` of MethodAddon.ts.
Napi::Value describe(Napi::Env env, const Decoder& decoder, const std::vector<SectionCost>& costs,
                     const std::vector<WeightUse>& uses) {
    const Napi::Object result = Napi::Object::New(env);
    result.Set("vocabulary", static_cast<double>(decoder.vocabulary()));
    if (!decoder.obstacle().empty()) {
        result.Set("obstacle", decoder.obstacle());
    }
    result.Set(
        "sections", describe_all(env, decoder.sections(), [&](size_t s, const Section& section, Napi::Object object) {
            const DecoderForm& form = decoder.single();
            object.Set("block", static_cast<double>(section.block));
            const Napi::Array weights = Napi::Array::New(env, section.weights.size());
            for (size_t w = 0; w < section.weights.size(); w++) {
                weights.Set(static_cast<uint32_t>(w), section.weights[w]->name);
            }
            object.Set("weights", weights);
            object.Set("inputs", to_array(env, form.numbers(section.inputs)));
            object.Set("outputs", to_array(env, form.numbers(section.outputs)));
            object.Set("weightBytes", static_cast<double>(costs[s].weight_bytes));
            object.Set("sampleBytes", static_cast<double>(costs[s].sample_bytes));
            object.Set("missing",
                       describe_all(env, costs[s].missing, [&](size_t, const MissingRule& rule, Napi::Object missing) {
                           missing.Set("op", rule.op);
                           missing.Set("tensor", rule.tensor);
                           missing.Set("reason", rule.reason);
                       }));
        }));
    result.Set("values",
               describe_all(env, decoder.values(), [&](size_t, const CrossingValue& value, Napi::Object object) {
                   object.Set("floats", static_cast<double>(value.floats));
                   object.Set("madeBy", static_cast<double>(value.made_by));
               }));
    result.Set("weights", describe_all(env, uses, [&](size_t, const WeightUse& use, Napi::Object object) {
                   object.Set("name", use.name);
                   object.Set("use", use.use);
                   object.Set("inputsPerToken", static_cast<double>(use.inputs_per_token));
                   object.Set("expertsPerToken", static_cast<double>(use.experts_per_token));
                   object.Set("sections", to_array(env, use.sections));
               }));
    return result;
}

Napi::Value bind_open_graph(const Napi::CallbackInfo& info) {
    const std::string path = Argument(info[0], "path").text();
    const auto length = Argument(info[1], "length").integer<int32_t>(2);
    return start_job(info, [=](JobControl& control) -> JobResult {
        const DecoderHandle decoder = std::make_shared<Decoder>(path, length, control);
        Engine engine(Workers(1, control));
        const auto costs = std::make_shared<std::vector<SectionCost>>();
        const size_t sections = decoder->sections().size();
        for (size_t s = 0; s < sections; s++) {
            costs->push_back(s + 1 < sections ? measure_section(engine, *decoder, s) : SectionCost{});
        }
        const auto uses = std::make_shared<std::vector<WeightUse>>(decoder->find_weight_uses());
        const std::string head = decoder->find_head();
        return [=](Napi::Env env) {
            const Napi::Object result = describe(env, *decoder, *costs, *uses).As<Napi::Object>();
            result.Set("head", head);
            result.Set("handle",
                       Napi::External<DecoderHandle>::New(env, new DecoderHandle(decoder),
                                                          [](Napi::Env, DecoderHandle* handle) { delete handle; }));
            return static_cast<Napi::Value>(result);
        };
    });
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

Napi::Value bind_product_speed(const Napi::CallbackInfo& info) {
    const auto threads = Argument(info[0], "threads").integer<int32_t>(1);
    return start_job(info, [=](JobControl& control) -> JobResult {
        Engine engine(Workers(threads, control));
        const double speed = measure_product_speed(engine);
        return [=](Napi::Env env) { return Napi::Number::New(env, speed); };
    });
}

Napi::Value bind_run_section(const Napi::CallbackInfo& info) {
    const SectionCall call = read_call({info[0], "call"});
    const ValuePaths inputs = read_paths({info[1], "inputs"}, inputs_of(call));
    const ValuePaths outputs = read_paths({info[2], "outputs"}, outputs_of(call));
    return start_job(info, [=](JobControl& control) -> JobResult {
        Engine engine(Workers(call.threads, control), place_of(call));
        run_section(engine, *call.decoder, call.section, call.sources, call.calibration, inputs, outputs);
        return no_result;
    });
}

Napi::Value bind_head_loss(const Napi::CallbackInfo& info) {
    const SectionCall call = read_call({info[0], "call"});
    const ValuePaths inputs = read_paths({info[1], "inputs"}, inputs_of(call));
    const ValuePaths gradients = read_paths({info[2], "gradients"}, inputs_of(call));
    return start_job(info, [=](JobControl& control) -> JobResult {
        Engine engine(Workers(call.threads, control), place_of(call));
        const auto losses = std::make_shared<std::vector<double>>(
            head_loss(engine, *call.decoder, call.sources, call.calibration, inputs, gradients));
        return [=](Napi::Env env) {
            Napi::Float64Array result = Napi::Float64Array::New(env, losses->size());
            std::copy(losses->begin(), losses->end(), result.Data());
            return result;
        };
    });
}

Napi::Value bind_backward_section(const Napi::CallbackInfo& info) {
    const SectionCall call = read_call({info[0], "call"});
    const std::vector<std::string> linears = Argument(info[1], "linears").texts();
    const ValuePaths inputs = read_paths({info[2], "inputs"}, inputs_of(call));
    const Argument files(info[3], "gradients");
    const GradientFiles gradients{read_paths(files["outputs"], outputs_of(call)),
                                  read_paths(files["later"], inputs_of(call)),
                                  read_paths(files["inputs"], inputs_of(call))};
    const Sought sought = Argument(info[4], "momentsAlone").flag() ? Sought::moments : Sought::salience;
    return start_job(info, [=](JobControl& control) -> JobResult {
        Engine engine(Workers(call.threads, control), place_of(call));
        const auto salience = std::make_shared<std::unordered_map<std::string, ChannelSalience>>(backward_section(
            engine, *call.decoder, call.section, linears, call.sources, call.calibration, inputs, gradients, sought));
        return [=](Napi::Env env) {
            const Napi::Object result = Napi::Object::New(env);
            for (const std::string& name : linears) {
                const auto found = salience->find(name);
                if (found != salience->end()) {
                    const Napi::Object linear = Napi::Object::New(env);
                    linear.Set("taylor", to_array(env, found->second.taylor));
                    linear.Set("fisher", to_array(env, found->second.fisher));
                    linear.Set("feedback", found->second.feedback);
                    linear.Set("moment", to_bytes(env, found->second.moment));
                    result.Set(name, linear);
                }
            }
            return result;
        };
    });
}

Napi::Value bind_equalize_section(const Napi::CallbackInfo& info) {
    const SectionCall call = read_call({info[0], "call"});
    const std::vector<std::string> names = Argument(info[1], "linears").texts();
    const std::unordered_set<std::string> linears(names.begin(), names.end());
    const ValuePaths inputs = read_paths({info[2], "inputs"}, inputs_of(call));
    return start_job(info, [=](JobControl& control) -> JobResult {
        Engine engine(Workers(call.threads, control), place_of(call));
        const auto factors = std::make_shared<std::unordered_map<std::string, WeightFactors>>(
            equalize_section(engine, *call.decoder, call.section, call.sources, call.calibration, linears, inputs));
        return [=](Napi::Env env) {
            const Napi::Object result = Napi::Object::New(env);
            for (const auto& [name, found] : *factors) {
                const Napi::Object weight = Napi::Object::New(env);
                weight.Set("columns", to_array(env, found.columns));
                weight.Set("rows", to_array(env, found.rows));
                result.Set(name, weight);
            }
            return result;
        };
    });
}

Napi::Value bind_quantize_section(const Napi::CallbackInfo& info) {
    const SectionCall call = read_call({info[0], "call"});
    const Argument requests(info[1], "linears");
    const DecoderForm& form = call.decoder->single();
    std::unordered_map<std::string, QuantizationRequest> wanted;
    std::unordered_map<std::string, PackedWeight> destinations; // of matrices
    for (const Linear& linear : find_linears(form.graph, form.sections[call.section])) {
        const Argument request = requests[linear.name()];
        if (!request.is_given()) {
            continue;
        }
        const size_t channels = linear.channels();
        const auto experts = static_cast<size_t>(linear.weight->ne[2]);
        const uint8_t* mask = request["is8bit"].numbers<uint8_t>(channels);
        std::vector<PackedWeight> packed = read_packed(request["components"], mask, experts, channels / experts,
                                                       static_cast<size_t>(linear.weight->ne[0]));
        QuantizationRequest& own = wanted[linear.name()];
        own.is_8bit.assign(mask, mask + channels);
        if (const Argument moment = request["moment"]; moment.is_given()) {
            const size_t count = OutputMoment::count(channels);
            const auto* values = moment.bytes_of<uint16_t>(count);
            own.moment.assign(values, values + count);
        }
        if (linear.is_stacked()) {
            own.experts = std::move(packed);
        } else {
            destinations.emplace(linear.name(), std::move(packed.front()));
        }
    }
    const Argument paths(info[2], "files");
    const QuantizationFiles files{read_paths(paths["inputs"], inputs_of(call)),
                                  read_paths(paths["outputs"], outputs_of(call)),
                                  read_paths(paths["floatInputs"], inputs_of(call)),
                                  read_paths(paths["floatOutputs"], outputs_of(call)), paths["scratch"].text()};
    return start_job(info, [=](JobControl& control) -> JobResult {
        Engine engine(Workers(call.threads, control), place_of(call));
        const std::unordered_map<std::string, QuantizationOutcome> outcomes =
            quantize_section(engine, *call.decoder, call.section, call.sources, call.calibration, wanted,
                             QuantizationOptions::standard(), files);
        struct Report {
            std::string name;
            double damping;
            std::vector<int64_t> tokens;
        };
        std::vector<Report> reports;
        for (const auto& [name, outcome] : outcomes) {
            if (outcome.linear) {
                const PackedWeight& destination = destinations.at(name);
                pack_rows(outcome.linear->rows4, destination.packed4);
                pack_rows(outcome.linear->rows8, destination.packed8);
            }
            reports.push_back({name, outcome.damping, outcome.tokens});
        }
        return [=](Napi::Env env) {
            const Napi::Object result = Napi::Object::New(env);
            for (const Report& report : reports) {
                const Napi::Object linear = Napi::Object::New(env);
                linear.Set("damping", report.damping);
                if (!report.tokens.empty()) {
                    const Napi::Array tokens = Napi::Array::New(env, report.tokens.size());
                    for (size_t e = 0; e < report.tokens.size(); e++) {
                        tokens.Set(static_cast<uint32_t>(e), static_cast<double>(report.tokens[e]));
                    }
                    linear.Set("expertTokens", tokens);
                }
                result.Set(report.name, linear);
            }
            return result;
        };
    });
}

} // namespace

void bind_sections(Napi::Env env, Napi::Object exports) {
    exports.Set("device", Napi::Function::New(env, bind_device, "device"));
    exports.Set("productSpeed", Napi::Function::New(env, bind_product_speed, "productSpeed"));
    exports.Set("openGraph", Napi::Function::New(env, bind_open_graph, "openGraph"));
    exports.Set("runSection", Napi::Function::New(env, bind_run_section, "runSection"));
    exports.Set("headLoss", Napi::Function::New(env, bind_head_loss, "headLoss"));
    exports.Set("backwardSection", Napi::Function::New(env, bind_backward_section, "backwardSection"));
    exports.Set("equalizeSection", Napi::Function::New(env, bind_equalize_section, "equalizeSection"));
    exports.Set("quantizeSection", Napi::Function::New(env, bind_quantize_section, "quantizeSection"));
}

} // namespace mixllm
