#include "layers/backward_layer.h"

#include <cmath>
#include <vector>

#include "calibration/activation_file.h"
#include "engine/graph.h"
#include "layers/for_each_batch.h"
#include "layers/layer_graph.h"

namespace mixllm {

LayerSalience backward_layer(Engine& engine, const LayerShape& shape, const LayerWeights& weights,
                             const Calibration& calibration, const std::string& input,
                             const std::string& output_gradient, const std::string& input_gradient) {
    const int64_t floats = calibration.total_tokens() * shape.hidden;
    ActivationFile inputs = ActivationFile::open(input, floats);
    ActivationFile gradients = ActivationFile::open(output_gradient, floats);
    ActivationFile out = ActivationFile::create(input_gradient);

    std::array<std::vector<double>, linear_count> taylor;
    std::array<std::vector<double>, linear_count> fisher;
    for (const Linear which : all_linears) {
        taylor[static_cast<size_t>(which)].assign(static_cast<size_t>(shape.outputs(which)), 0.0);
        fisher[static_cast<size_t>(which)].assign(static_cast<size_t>(shape.outputs(which)), 0.0);
    }

    std::vector<float> x;
    std::vector<float> gradient;
    std::array<std::vector<float>, linear_count> first_order;
    std::array<std::vector<float>, linear_count> squares;
    for_each_batch(calibration, [&](int64_t first, const Batch& batch) {
        const int64_t count = batch.tokens() * shape.hidden;
        x.resize(static_cast<size_t>(count));
        gradient.resize(static_cast<size_t>(count));
        inputs.read(first * calibration.length * shape.hidden, count, x.data());
        gradients.read(first * calibration.length * shape.hidden, count, gradient.data());

        Graph graph(engine);
        ggml_context* context = graph.context();
        const LayerGraph layer(graph, shape, weights, batch);
        const LayerGraph::Forward forward = layer.forward(graph.input(x.data(), shape.hidden, batch.tokens()));
        const LayerGraph::Gradient back =
            layer.backward(forward, graph.input(gradient.data(), shape.hidden, batch.tokens()));
        for (const Linear which : all_linears) {
            const auto i = static_cast<size_t>(which);
            const int64_t channels = shape.outputs(which);
            ggml_tensor* output_error = multiply(context, weights.rounding[i], forward.linear_input(which));
            ggml_tensor* product = ggml_mul(context, output_error, back.linear[i]);
            product = ggml_reshape_3d(context, product, channels, batch.length, batch.sequences);
            product = ggml_cont(context, ggml_permute(context, product, 1, 0, 2, 3)); // [T, channels, sequences]
            first_order[i].resize(static_cast<size_t>(channels * batch.sequences));
            squares[i].resize(first_order[i].size());
            graph.output(ggml_sum_rows(context, product), first_order[i].data());
            graph.output(ggml_sum_rows(context, ggml_sqr(context, product)), squares[i].data());
        }
        graph.output(back.input, gradient.data());
        graph.compute();

        out.append(gradient.data(), count);
        for (size_t i = 0; i < linear_count; i++) {
            const size_t channels = taylor[i].size();
            for (size_t s = 0; s < first_order[i].size(); s++) {
                const double m = first_order[i][s];
                taylor[i][s % channels] += std::fabs(m + 0.5 * m * m);
                fisher[i][s % channels] += squares[i][s];
            }
        }
    });
    out.finish();

    LayerSalience salience;
    for (size_t i = 0; i < linear_count; i++) {
        for (size_t c = 0; c < taylor[i].size(); c++) {
            salience[i].taylor.push_back(static_cast<float>(taylor[i][c] / static_cast<double>(calibration.samples)));
            salience[i].fisher.push_back(static_cast<float>(fisher[i][c] / static_cast<double>(calibration.samples)));
        }
    }
    return salience;
}

} // namespace mixllm
