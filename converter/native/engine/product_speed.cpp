#include "engine/product_speed.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "engine/graph.h"

namespace mixllm {

double measure_product_speed(Engine& engine) {
    constexpr int64_t inputs = 2048, outputs = 2048, tokens = 512;
    constexpr auto long_enough = std::chrono::milliseconds(400);
    const std::vector<float> weight(static_cast<size_t>(inputs * outputs), 0.5f);
    const std::vector<float> x(static_cast<size_t>(inputs * tokens), 0.25f);
    std::vector<float> y(static_cast<size_t>(outputs * tokens));
    const auto began = std::chrono::steady_clock::now();
    std::vector<double> speeds; // the first run allocates
    do {
        Graph graph(engine, 8);
        ggml_tensor* w = graph.input(weight.data(), inputs, outputs);
        graph.output(multiply(graph.context(), w, graph.input(x.data(), inputs, tokens)), y.data());
        const auto start = std::chrono::steady_clock::now();
        graph.compute();
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
        speeds.push_back(static_cast<double>(inputs * outputs * tokens) / elapsed.count());
    } while (std::chrono::steady_clock::now() - began < long_enough || speeds.size() < 3);
    std::nth_element(speeds.begin(), speeds.begin() + speeds.size() / 2, speeds.end());
    return speeds[speeds.size() / 2];
}

} // namespace mixllm
