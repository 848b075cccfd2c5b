#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "calibration/moments.h"
#include "engine/engine.h"
#include "gptq/row_chain.h"

namespace mixllm {

/**
 * The sum of g g^T over calibration tokens, g the loss gradient at a linear's outputs: the Hessian of the loss by them.
 *
 * It is known of groups of neighbouring rows alone, of at most 1024 each and about equally large.
 */
class OutputMoment {
public:
    /// @param rows of the linear
    explicit OutputMoment(size_t rows);

    /// Adds `tokens` rows of gradients, `[tokens][rows of the linear]`, whose products are summed in float.
    void add(Engine& engine, const float* gradients, int64_t tokens);

    /// The groups' lower triangles one behind the other, as BF16.
    std::vector<uint16_t> values() const;

    /// Numbers in `values` of a linear of so many rows.
    static size_t count(size_t rows);

    /// Bytes that an object takes, a little more while it adds.
    static size_t bytes(size_t rows) { return count(rows) * sizeof(double); }

private:
    size_t rows_;
    std::vector<Hessian> groups_;
};

/**
 * The chains of a linear's rows that its `OutputMoment` tells.
 *
 * @param values of the moment
 * @param is_8bit one byte a row, nonzero for 8 bits
 * @param row_factors what the rows have been multiplied with since; null for 1
 */
std::vector<RowChain> make_chains(const std::vector<uint16_t>& values, const std::vector<uint8_t>& is_8bit,
                                  const float* row_factors, const Workers& workers);

} // namespace mixllm
