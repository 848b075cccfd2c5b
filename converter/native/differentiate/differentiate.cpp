#include "differentiate.h"

#include "accumulator.h"
#include "backward.h"
#include "rules.h"

namespace mixllm {

Differentiation differentiate(ggml_context* context, const std::vector<ggml_tensor*>& nodes,
                              const std::vector<Seed>& seeds, const std::vector<ggml_tensor*>& wanted,
                              const TransposedWeight& transposed) {
    Differentiation result;
    Accumulator accumulator(context, nodes, wanted, transposed, result);
    for (const Seed& seed : seeds) {
        accumulator.add(seed.tensor, seed.gradient);
    }
    for (size_t i = nodes.size(); i-- > 0;) {
        ggml_tensor* node = nodes[i];
        // A wanted node's sources may need nothing: its own gradient is then the end of the way.
        bool leads_on = false;
        for (ggml_tensor* source : node->src) {
            leads_on = leads_on || (source != nullptr && source != node && accumulator.needs(source));
        }
        ggml_tensor* gradient = leads_on ? accumulator.sum(node) : nullptr;
        if (gradient == nullptr) {
            continue;
        }
        const Rule rule = find_rule(node);
        if (rule == nullptr) {
            accumulator.miss(node, "no rule for this op");
            continue;
        }
        Backward backward(accumulator, context, node, gradient);
        rule(backward);
    }
    for (ggml_tensor* tensor : wanted) {
        if (ggml_tensor* gradient = accumulator.sum(tensor)) {
            result.gradients[tensor] = gradient;
        }
    }
    return result;
}

} // namespace mixllm
