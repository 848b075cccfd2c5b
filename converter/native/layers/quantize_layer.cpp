#include "layers/quantize_layer.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include "calibration/activation_file.h"
#include "calibration/moments.h"
#include "calibration/transpose.h"
#include "engine/graph.h"
#include "gptq/gptq.h"
#include "layers/for_each_batch.h"
#include "layers/layer_graph.h"
#include "quantize/rounding.h"
#include "weights/source_rows.h"

namespace mixllm {

namespace {

/// The layer's linears in groups that share their input, and what happens between the groups.
class Run {
public:
    Run(Engine& engine, const LayerShape& shape, const LayerSources& sources, const Calibration& calibration,
        const LayerRows& rows, const QuantizeLayerOptions& options, const QuantizeLayerFiles& files)
        : engine_(engine), shape_(shape), sources_(sources), calibration_(calibration), rows_(rows), options_(options),
          files_(files), weights_(engine, shape, sources, LayerWeights::Purpose::forward) {}

    QuantizedLayer quantize() {
        const std::string attended = files_.scratch + ".attention";
        const std::string middle = files_.scratch + ".middle";
        const std::string activated = files_.scratch + ".mlp";

        const std::string float_middle = files_.scratch + ".float-middle";
        if (!files_.float_input.empty()) {
            run_float_model(float_middle);
        }

        // Each stage reads the residual stream, and the current linears' input where a stage before wrote it.
        stage(files_.input, "", shape_.hidden, {Linear::q, Linear::k, Linear::v}, weights_.attention_norm,
              files_.float_input);
        pass(files_.input, "", shape_.hidden, weights_.attention_norm, attended, shape_.heads * shape_.head_dim,
             [](const LayerGraph& layer, ggml_context*, ggml_tensor*, ggml_tensor* x) {
                 return layer.attention(x).output;
             });
        stage(files_.input, attended, shape_.heads * shape_.head_dim, {Linear::o}, nullptr, float_middle);
        pass(files_.input, attended, shape_.heads * shape_.head_dim, nullptr, middle, shape_.hidden,
             [](const LayerGraph& layer, ggml_context* context, ggml_tensor* residual, ggml_tensor* x) {
                 return ggml_add(context, residual, layer.linear(Linear::o, x));
             });
        std::filesystem::remove(std::filesystem::u8path(attended));
        stage(middle, "", shape_.hidden, {Linear::gate, Linear::up}, weights_.mlp_norm, float_middle);
        pass(middle, "", shape_.hidden, weights_.mlp_norm, activated, shape_.ffn,
             [](const LayerGraph& layer, ggml_context*, ggml_tensor*, ggml_tensor* x) { return layer.mlp(x).output; });
        stage(middle, activated, shape_.ffn, {Linear::down}, nullptr, files_.float_output);
        pass(middle, activated, shape_.ffn, nullptr, files_.output, shape_.hidden,
             [](const LayerGraph& layer, ggml_context* context, ggml_tensor* residual, ggml_tensor* x) {
                 return ggml_add(context, residual, layer.linear(Linear::down, x));
             });
        std::filesystem::remove(std::filesystem::u8path(middle));
        std::filesystem::remove(std::filesystem::u8path(float_middle));
        std::filesystem::remove(std::filesystem::u8path(activated));
        return std::move(result_);
    }

private:
    /// Calls `work(batch, residual, x)` with the residual stream and the linears' float input of every batch.
    template <typename Work>
    void for_each_input(const std::string& residual_file, const std::string& input_file, int64_t features,
                        ggml_tensor* norm, const Work& work) {
        ActivationFile residuals = ActivationFile::open(residual_file, calibration_.total_tokens() * shape_.hidden);
        std::optional<ActivationFile> inputs;
        if (norm == nullptr) {
            inputs = ActivationFile::open(input_file, calibration_.total_tokens() * features);
        }
        std::vector<float> residual;
        std::vector<float> x;
        for_each_batch(calibration_, [&](int64_t first, const Batch& batch) {
            residual.resize(static_cast<size_t>(batch.tokens() * shape_.hidden));
            x.resize(static_cast<size_t>(batch.tokens() * features));
            residuals.read(first * calibration_.length * shape_.hidden, batch.tokens() * shape_.hidden,
                           residual.data());
            if (inputs) {
                inputs->read(first * calibration_.length * features, batch.tokens() * features, x.data());
            } else {
                Graph graph(engine_);
                const LayerGraph layer(graph, shape_, weights_, batch);
                graph.output(layer.norm(graph.input(residual.data(), shape_.hidden, batch.tokens()), norm), x.data());
                graph.compute();
            }
            work(batch, residual, x);
        });
    }

    void stage(const std::string& residual_file, const std::string& input_file, int64_t features,
               std::initializer_list<Linear> linears, ggml_tensor* norm, const std::string& float_file) {
        if (std::all_of(linears.begin(), linears.end(),
                        [&](Linear which) { return rows_[static_cast<size_t>(which)].empty(); })) {
            return;
        }
        std::optional<Hessian> hessian(std::in_place, static_cast<size_t>(features));
        const float strength = norm != nullptr ? options_.propagation : options_.correction;
        const bool correct = !files_.float_input.empty() && strength > 0.0f;
        std::optional<ActivationFile> floats;
        std::optional<CrossMoment> cross;
        if (correct) {
            floats = ActivationFile::open(float_file, calibration_.total_tokens() * shape_.hidden);
            cross.emplace(static_cast<size_t>(shape_.hidden), static_cast<size_t>(features));
        }
        std::vector<float> target;
        std::vector<float> difference;
        int64_t first_token = 0;
        for_each_input(residual_file, input_file, features, norm,
                       [&](const Batch& batch, const std::vector<float>& residual, std::vector<float>& x) {
                           for_each_sum(batch, [&](int64_t first, int64_t tokens) {
                               hessian->add(engine_, x.data() + first * features, tokens);
                           });
                           if (!correct) {
                               return;
                           }
                           target.resize(static_cast<size_t>(batch.tokens() * shape_.hidden));
                           difference.resize(target.size());
                           floats->read(first_token * shape_.hidden, batch.tokens() * shape_.hidden, target.data());
                           first_token += batch.tokens();
                           Graph graph(engine_);
                           ggml_context* context = graph.context();
                           const LayerGraph layer(graph, shape_, weights_, batch);
                           ggml_tensor* wanted = graph.input(target.data(), shape_.hidden, batch.tokens());
                           ggml_tensor* input = graph.input(x.data(), features, batch.tokens());
                           if (norm != nullptr) {
                               graph.output(ggml_sub(context, layer.norm(wanted, norm), input), difference.data());
                           } else {
                               ggml_tensor* reached =
                                   ggml_add(context, graph.input(residual.data(), shape_.hidden, batch.tokens()),
                                            layer.linear(*linears.begin(), input));
                               graph.output(ggml_sub(context, wanted, reached), difference.data());
                           }
                           graph.compute();
                           for_each_sum(batch, [&](int64_t first, int64_t tokens) {
                               cross->add(engine_, difference.data() + first * shape_.hidden,
                                          x.data() + first * features, tokens);
                           });
                       });
        double damping = options_.damping;
        const std::unique_ptr<HessianFactor> factor = factorize_hessian(hessian->values(), damping);
        hessian.reset(); // for wide inputs the largest thing in memory
        std::vector<float> values;
        for (const Linear which : linears) {
            const auto i = static_cast<size_t>(which);
            if (rows_[i].empty()) {
                continue;
            }
            values.resize(sources_.linear[i].count());
            sources_.linear[i].load(values.data(), engine_.workers());
            if (factor != nullptr) {
                if (correct) {
                    regress_on(values, *cross, *factor, norm != nullptr, strength);
                }
                result_[i] =
                    LinearOutcome{gptq(values.data(), rows_[i], *factor, options_.gptq, engine_.workers()), damping};
            } else {
                result_[i] = LinearOutcome{
                    round_linear(values.data(), rows_[i], static_cast<size_t>(features), engine_.workers()), 0.0};
            }
            weights_.replace(which, result_[i]->linear.values.data());
            result_[i]->linear.values = {}; // the device has them now
        }
    }

    /// Calls `work(first token, tokens)` for the pieces of a batch whose products are summed in float.
    template <typename Work>
    void for_each_sum(const Batch& batch, const Work& work) {
        const int64_t piece = calibration_.samples_per_sum() * calibration_.length;
        for (int64_t first = 0; first < batch.tokens(); first += piece) {
            work(first, std::min(piece, batch.tokens() - first));
        }
    }

    /// The Hessian's factor at the least damping that allows one, ten times as much at each try; null when none does.
    std::unique_ptr<HessianFactor> factorize_hessian(const Triangle& hessian, double& damping) {
        for (; damping <= 1.0; damping *= 10.0) {
            try {
                return std::make_unique<HessianFactor>(hessian, damping, engine_.workers());
            } catch (const HessianFactor::NotPositiveDefinite&) {
            }
        }
        return nullptr;
    }

    /// Shifts a linear's weights by what its inputs can make good of the errors so far.
    void regress_on(std::vector<float>& weights, const CrossMoment& cross, const HessianFactor& factor, bool of_inputs,
                    float strength) {
        const size_t inputs = factor.inputs();
        const size_t outputs = weights.size() / inputs;
        std::vector<float> moment(cross.values().begin(), cross.values().end());
        if (of_inputs) {
            // The residuals are the inputs' own errors; the weights carry them to the outputs.
            std::vector<float> by_input(moment.size());
            transpose(moment.data(), inputs, inputs, by_input.data(), engine_.workers());
            moment.resize(weights.size());
            Graph graph(engine_);
            const auto k = static_cast<int64_t>(inputs);
            graph.output(multiply(graph.context(), graph.input(by_input.data(), k, k),
                                  graph.input(weights.data(), k, static_cast<int64_t>(outputs))),
                         moment.data());
            graph.compute();
        }
        regress(weights.data(), moment.data(), outputs, factor, strength, engine_.workers());
    }

    /// Passes the float model's activations through the layer, before any of its weights is replaced.
    void run_float_model(const std::string& middle_file) {
        const int64_t hidden = shape_.hidden;
        const bool has_output = std::filesystem::exists(std::filesystem::u8path(files_.float_output));
        ActivationFile in = ActivationFile::open(files_.float_input, calibration_.total_tokens() * hidden);
        ActivationFile middle = ActivationFile::create(middle_file);
        std::optional<ActivationFile> out;
        if (!has_output) {
            out = ActivationFile::create(files_.float_output);
        }
        std::vector<float> x;
        std::vector<float> h;
        for_each_batch(calibration_, [&](int64_t first, const Batch& batch) {
            x.resize(static_cast<size_t>(batch.tokens() * hidden));
            h.resize(x.size());
            in.read(first * calibration_.length * hidden, batch.tokens() * hidden, x.data());
            Graph graph(engine_);
            const LayerGraph layer(graph, shape_, weights_, batch);
            const LayerGraph::Forward forward = layer.forward(graph.input(x.data(), hidden, batch.tokens()));
            graph.output(forward.middle, h.data());
            if (out) {
                graph.output(forward.output, x.data());
            }
            graph.compute();
            middle.append(h.data(), batch.tokens() * hidden);
            if (out) {
                out->append(x.data(), batch.tokens() * hidden);
            }
        });
        middle.finish();
        if (out) {
            out->finish();
        }
    }

    template <typename Build>
    void pass(const std::string& residual_file, const std::string& input_file, int64_t features, ggml_tensor* norm,
              const std::string& output_file, int64_t output_features, const Build& build) {
        ActivationFile out = ActivationFile::create(output_file);
        std::vector<float> y;
        for_each_input(residual_file, input_file, features, norm,
                       [&](const Batch& batch, const std::vector<float>& residual, std::vector<float>& x) {
                           quantize_activations(x.data(), static_cast<size_t>(batch.tokens()),
                                                static_cast<size_t>(features), engine_.workers());
                           y.resize(static_cast<size_t>(batch.tokens() * output_features));
                           Graph graph(engine_);
                           const LayerGraph layer(graph, shape_, weights_, batch);
                           graph.output(build(layer, graph.context(),
                                              graph.input(residual.data(), shape_.hidden, batch.tokens()),
                                              graph.input(x.data(), features, batch.tokens())),
                                        y.data());
                           graph.compute();
                           out.append(y.data(), batch.tokens() * output_features);
                       });
        out.finish();
    }

    Engine& engine_;
    const LayerShape& shape_;
    const LayerSources& sources_;
    const Calibration& calibration_;
    const LayerRows& rows_;
    const QuantizeLayerOptions& options_;
    const QuantizeLayerFiles& files_;
    LayerWeights weights_;
    QuantizedLayer result_;
};

} // namespace

QuantizedLayer quantize_layer(Engine& engine, const LayerShape& shape, const LayerSources& sources,
                              const Calibration& calibration, const LayerRows& rows,
                              const QuantizeLayerOptions& options, const QuantizeLayerFiles& files) {
    return Run(engine, shape, sources, calibration, rows, options, files).quantize();
}

} // namespace mixllm
