#pragma once

#include <cstddef>
#include <vector>

#include "engine/engine.h"
#include "graph/scale_groups.h"
#include "graph/section_weights.h"

namespace mixllm {

/**
 * Chooses by how much the channels of a group are equalized; see `equalize_section`.
 *
 * @param sources has what makes the channels
 * @param expert whose scales these are, 0 where there are none
 * @param activations `[tokens][channels]`
 * @param weights of each linear that reads them some rows, `[rows][channels]`
 * @return by scale the exponent of the power of two that weights are to be multiplied with; empty to leave all as it is
 * @throws CanceledError
 */
std::vector<int> choose_scales(Engine& engine, const ScaleGroup& group, const WeightSources& sources, size_t expert,
                               std::vector<float> activations, std::vector<std::vector<float>> weights);

} // namespace mixllm
