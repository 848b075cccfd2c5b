#pragma once

#include "graph/model_graph.h"

namespace mixllm {

/**
 * Rewrites a graph so that every value follows from sources alone, and keeps what leads to the logits.
 *
 * - What is read of a cache is what the graph wrote to it before; what it did not write is zero, as at the start.
 * - Operations in place become operations with results of their own; rows are set in a copy of what they are set in.
 * - A selection of all rows in their order is the tensor itself.
 *
 * @throws UnfollowedGraph when memory is written and read in a way that cannot be followed
 */
void simplify_graph(ModelGraph& graph);

} // namespace mixllm
