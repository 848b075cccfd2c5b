#pragma once

#include "weight_source.h"

namespace mixllm {

/**
 * Converts `count` elements of `source` from element `first` on to float.
 *
 * @throws std::runtime_error for a type other than F32, F16 and BF16
 */
void to_float(const WeightSource& source, int64_t first, int64_t count, float* out, int threads);

} // namespace mixllm
