#pragma once

#include <cstdint>
#include <vector>

#include "synthetic/planned_tensor.h"

/// Bytes of rows `first` to `first + count` of the tensor, where a row is `shape[0]` elements.
/// @param out `[count]` rows of `ggml_row_size(type, shape[0])` bytes
void fill_rows(const PlannedTensor& tensor, int64_t first, int64_t count, uint8_t* out);
