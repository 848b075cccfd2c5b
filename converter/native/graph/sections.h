#pragma once

#include <cstdint>
#include <vector>

#include "graph/model_graph.h"

namespace mixllm {

/// A run of a graph's nodes, and the values that cross its borders.
struct Section {
    /// Number of the decoder block in the weights' names; -1 before the first block and after the last.
    int64_t block = -1;

    std::vector<ggml_tensor*> nodes;   ///< in the order they run, views left out
    std::vector<ggml_tensor*> inputs;  ///< values of earlier sections that it reads
    std::vector<ggml_tensor*> outputs; ///< its values that later sections read; of the last section the logits
    std::vector<ggml_tensor*> weights; ///< leaves that it reads
};

/**
 * Cuts a graph into what comes before the first decoder block, the blocks, and what comes after the last.
 *
 * A block begins where fewest values cross between what uses the weights of the block before, `blk.i.*`, and what uses
 * its own: commonly the residual stream alone. What crosses is whatever later nodes read, keys and values that later
 * blocks share and inputs by layer included.
 */
std::vector<Section> cut_into_sections(const ModelGraph& graph);

/// All of a graph as one section.
Section whole_graph(const ModelGraph& graph);

/**
 * Fills in what crosses the borders of a run of nodes.
 *
 * @param nodes of one graph, in order and without views
 * @param is_own whether a node is of the run
 * @param later nodes that run after it
 */
Section make_section(const ModelGraph& graph, int64_t block, std::vector<ggml_tensor*> nodes,
                     const std::vector<ggml_tensor*>& later);

/**
 * The values that nodes from a place on read of what comes before it.
 *
 * @param nodes in order, without views
 * @param kept what is read after the last of them
 * @param place number of nodes that come before
 */
std::vector<ggml_tensor*> find_crossing(const ModelGraph& graph, const std::vector<ggml_tensor*>& nodes,
                                        const std::vector<ggml_tensor*>& kept, size_t place);

/// The first of the places from `first` to `last` where the crossing values have fewest bytes.
size_t find_narrowest(const ModelGraph& graph, const std::vector<ggml_tensor*>& nodes,
                      const std::vector<ggml_tensor*>& kept, size_t first, size_t last);

} // namespace mixllm
