#include "synthetic/plan_mixed_weight.h"

#include <cmath>

namespace {

constexpr int64_t group_size = 128;
/// MixLLM deals 8-bit rows out in tiles.
constexpr int64_t tile_rows = 16;

} // namespace

std::vector<PlannedTensor> plan_mixed_weight(const std::string& name, int64_t inputs, int64_t outputs,
                                             double percent8bit) {
    const int64_t groups = (inputs + group_size - 1) / group_size;
    const int64_t tiles = outputs / tile_rows;
    const int64_t rows8 = tile_rows * std::llround(static_cast<double>(tiles) * percent8bit / 100);
    const int64_t rows4 = outputs - rows8;
    std::vector<PlannedTensor> tensors;
    if (rows4 > 0) {
        tensors.push_back({name + ".w4", GGML_TYPE_I8, {inputs / 2, rows4}, Filling::Nibbles});
        tensors.push_back({name + ".w4_scale", GGML_TYPE_F16, {rows4, groups}, Filling::Scales4});
        tensors.push_back({name + ".w4_zero", GGML_TYPE_I8, {rows4 / 2, groups}, Filling::ZeroPoints});
    }
    if (rows8 > 0) {
        tensors.push_back({name + ".w8", GGML_TYPE_I8, {inputs, rows8}, Filling::Quants8});
        tensors.push_back({name + ".w8_scale", GGML_TYPE_F16, {rows8, groups}, Filling::Scales8});
    }
    tensors.push_back({name + ".rows", GGML_TYPE_I32, {outputs}, Filling::Rows, rows4});
    return tensors;
}
