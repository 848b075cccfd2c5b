#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include <ggml.h>

namespace mixllm {

/**
 * Which channel each element of a value belongs to, as a number: that of the first element, plus for each dimension
 * what the element's index there adds.
 */
struct ChannelMap {
    int64_t first = 0;
    /// By dimension what each index adds, 0 for index 0; empty where the channel does not depend on it.
    std::array<std::vector<int64_t>, GGML_MAX_DIMS> steps;

    bool varies_along(int dimension) const { return !steps[dimension].empty(); }

    /// Numbers of one dimension's indices, those of the others 0.
    std::vector<int64_t> along(int dimension, int64_t count) const;

    /// The numbers that elements have, modulo `modulus`, in ascending order.
    std::vector<int64_t> numbers(int64_t modulus) const;
};

/// The shape of a value and the bytes from one element to the next along each dimension.
struct Strides {
    std::array<int64_t, GGML_MAX_DIMS> count;
    std::array<size_t, GGML_MAX_DIMS> bytes;
};

/**
 * The map of elements at regular places of floats that lie one behind the other.
 *
 * @param map of the floats
 * @param shape of the floats
 * @param offset bytes before the first element
 * @return nothing where a sum over dimensions does not give it
 */
std::optional<ChannelMap> map_elements(const ChannelMap& map, const int64_t shape[GGML_MAX_DIMS], size_t offset,
                                       const Strides& elements);

/// Adds what each index of a dimension adds; nothing where none adds anything.
void set_steps(ChannelMap& map, int dimension, std::vector<int64_t> steps);

} // namespace mixllm
