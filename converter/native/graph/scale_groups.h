#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/model_graph.h"
#include "graph/sections.h"

namespace mixllm {

/**
 * Channels of a value whose scale is free: what makes them can be divided by any numbers, scale by scale, if the
 * columns that read them are multiplied with these.
 *
 * Of experts each has scales of its own: everything here is of one expert, and holds for each.
 */
struct ScaleGroup {
    static constexpr int32_t no_scale = -1;

    /// A weight of which values (of a vector) or rows (of a linear) scale channels.
    struct Producer {
        std::string weight;
        bool by_rows;
        std::vector<int32_t> scales; ///< of each value or row the number of its scale, or `no_scale`
    };

    ggml_tensor* value;                 ///< `[channels, ...]`, the input of all consumers
    std::vector<int32_t> scales;        ///< of each channel the number of its scale, or `no_scale`
    int32_t count;                      ///< the numbers of scales are below it
    std::vector<Producer> producers;    ///< what makes the channels
    std::vector<std::string> consumers; ///< weights `[channels, ...]`, linears or stacks of experts

    /// Of a value `[channels, used, T]` of the chosen experts, their numbers `[used, T]`; null for any other.
    ggml_tensor* chosen = nullptr;
};

/**
 * Finds the scales of a section that are free by what its nodes compute.
 *
 * A vector that a value is multiplied with, such as a norm's gain, scales that value's channels, and so does each row
 * of a linear, or of each expert. A scale is free if it goes on, through operations that are linear in it, to the
 * inputs of linears alone: copies and views, biases, products with other activations (gates that are not activated, the
 * weights of attention). Biases on the way are scaled as well. Channels may share one, as the heads of queries that
 * read one head of values do.
 *
 * No scale is free of weights that are read elsewhere as well, and no value is in two groups.
 *
 * @param sections all of the graph's
 */
std::vector<ScaleGroup> find_scale_groups(const ModelGraph& graph, const std::vector<Section>& sections,
                                          size_t section);

} // namespace mixllm
