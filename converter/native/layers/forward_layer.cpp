#include "layers/forward_layer.h"

#include <vector>

#include "calibration/activation_file.h"
#include "layers/for_each_batch.h"
#include "layers/layer_graph.h"

namespace mixllm {

void forward_layer(Engine& engine, const LayerShape& shape, const LayerWeights& weights, const Calibration& calibration,
                   const std::string& input, const std::string& output) {
    ActivationFile in = ActivationFile::open(input, calibration.total_tokens() * shape.hidden);
    ActivationFile out = ActivationFile::create(output);
    std::vector<float> values;
    for_each_batch(calibration, [&](int64_t first, const Batch& batch) {
        const int64_t count = batch.tokens() * shape.hidden;
        values.resize(static_cast<size_t>(count));
        in.read(first * calibration.length * shape.hidden, count, values.data());

        Graph graph(engine);
        const LayerGraph layer(graph, shape, weights, batch);
        ggml_tensor* x = graph.input(values.data(), shape.hidden, batch.tokens());
        graph.output(layer.forward(x).output, values.data());
        graph.compute();
        out.append(values.data(), count);
    });
    out.finish();
}

} // namespace mixllm
