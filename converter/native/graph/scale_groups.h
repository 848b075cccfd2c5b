#pragma once

#include <string>
#include <vector>

#include "graph/model_graph.h"
#include "graph/sections.h"

namespace mixllm {

/**
 * Channels of a value whose scale is free: what makes them can be divided by any number, channel by channel, if all
 * that reads them is multiplied with it.
 */
struct ScaleGroup {
    /// A weight of which `channels` values (of a vector) or rows (of a linear), from `first` on, scale the channels.
    struct Producer {
        std::string weight;
        bool by_rows;
        size_t first;
    };

    ggml_tensor* value; ///< `[channels, ...]`, the input of all consumers
    std::vector<Producer> producers;
    std::vector<std::string> consumers; ///< weights `[channels, ...]`, linears or stacks of experts
};

/**
 * Finds the scales of a section that are free by what its nodes compute:
 * - a vector that a value is multiplied with, such as a norm's gain, before linears alone read it;
 * - the rows of a linear whose product goes, once, to linears, by itself or as the factor in a gated activation that is
 *   not activated; the bias in between included.
 *
 * Weights that other sections read as well have no free scale.
 *
 * @param sections all of the graph's
 */
std::vector<ScaleGroup> find_scale_groups(const ModelGraph& graph, const std::vector<Section>& sections,
                                          size_t section);

} // namespace mixllm
