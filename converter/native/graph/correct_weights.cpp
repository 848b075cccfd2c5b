#include "graph/correct_weights.h"

#include "calibration/transpose.h"
#include "engine/graph.h"
#include "gptq/gptq.h"

namespace mixllm {

std::unique_ptr<HessianFactor> factorize_hessian(const Triangle& hessian, double& damping, const Workers& workers) {
    for (; damping <= 1.0; damping *= 10.0) {
        try {
            return std::make_unique<HessianFactor>(hessian, damping, workers);
        } catch (const HessianFactor::NotPositiveDefinite&) {
        }
    }
    return nullptr;
}

void regress_on(Engine& engine, std::vector<float>& weights, const CrossMoment& cross, const HessianFactor& factor,
                bool of_inputs, float strength) {
    const size_t inputs = factor.inputs();
    const size_t outputs = weights.size() / inputs;
    std::vector<float> moment(cross.values().begin(), cross.values().end());
    if (of_inputs) {
        // The residuals are the inputs' own errors; the weights carry them to the outputs.
        std::vector<float> by_input(moment.size());
        transpose(moment.data(), inputs, inputs, by_input.data(), engine.workers());
        moment.resize(weights.size());
        Graph graph(engine);
        const auto k = static_cast<int64_t>(inputs);
        graph.output(multiply(graph.context(), graph.input(by_input.data(), k, k),
                              graph.input(weights.data(), k, static_cast<int64_t>(outputs))),
                     moment.data());
        graph.compute();
    }
    regress(weights.data(), moment.data(), outputs, factor, strength, engine.workers());
}

} // namespace mixllm
