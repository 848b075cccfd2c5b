#pragma once

#include <ggml.h>

#include <cstddef>
#include <memory>

namespace mixllm {

struct FreeGgmlContext {
    void operator()(ggml_context* context) const { ggml_free(context); }
};

/// A graph that computes what another does; `context` holds what is its own, null when it is the same graph.
struct CutGraph {
    std::unique_ptr<ggml_context, FreeGgmlContext> context;
    ggml_cgraph* graph;
};

/**
 * Cuts the large matrix products of an allocated graph into pieces, so that a cancellation, which ggml looks for
 * between two nodes, waits for none of them.
 *
 * Each element of a product is the same sum as before. The graph's own products are spent: only the cut one can be run.
 *
 * @param most_operations multiplications and additions of a piece, about
 */
CutGraph cut_products(ggml_cgraph* graph, double most_operations);

} // namespace mixllm
