#include "mixllm_weights.h"

#include "random_values.h"

static double bytes_of(int64_t n4, int64_t n8, int64_t k) {
    const double groups = (double)((k + 127) / 128);
    return (double)n4 * ((double)k / 2 + 2.5 * groups + 4) + (double)n8 * ((double)k + 2 * groups + 4);
}

// The 4-bit channels, then the 8-bit ones, which lie evenly among them.
static std::vector<int32_t> rows_of(int64_t n, int64_t n8) {
    std::vector<int32_t> four, eight;
    for (int64_t i = 0; i < n; i++) {
        ((i + 1) * n8 / n != i * n8 / n ? eight : four).push_back((int32_t)i);
    }
    four.insert(four.end(), eight.begin(), eight.end());
    return four;
}

MixLlmWeights::MixLlmWeights(const Shape& shape, int percent8, size_t l2_bytes) {
    const int64_t n8 = shape.n * percent8 / 100 / 16 * 16, n4 = shape.n - n8;
    const int64_t groups = (shape.k + 127) / 128;
    const auto w4 = random_bits<uint8_t>((size_t)(n4 * shape.k / 2));
    const auto w4_zero = random_bits<uint8_t>((size_t)(n4 / 2 * groups));
    const auto w8 = random_bits<int8_t>((size_t)(n8 * shape.k));
    // 2^-8 and 2^-12.
    const std::vector<uint16_t> w4_scale((size_t)(n4 * groups), 0x1C00), w8_scale((size_t)(n8 * groups), 0x0C00);
    const std::vector<int32_t> rows = rows_of(shape.n, n8);
    const int count = weight_copies(bytes_of(n4, n8, shape.k), l2_bytes);
    for (int i = 0; i < count; i++) {
        copies.push_back(std::unique_ptr<Copy>(new Copy{DeviceArray<uint8_t>(w4),
                                                        DeviceArray<uint8_t>(w4_zero),
                                                        DeviceArray<int8_t>(w8),
                                                        DeviceArray<uint16_t>(w4_scale),
                                                        DeviceArray<uint16_t>(w8_scale),
                                                        DeviceArray<int32_t>(rows),
                                                        {}}));
        Copy& copy = *copies.back();
        copy.view = {shape.k,
                     n4,
                     n8,
                     copy.w4.get(),
                     copy.w4_scale.get(),
                     copy.w4_zero.get(),
                     copy.w8.get(),
                     copy.w8_scale.get(),
                     copy.rows.get()};
    }
}

double MixLlmWeights::bytes() const {
    const mixllm_cuda_weight& weight = copies[0]->view;
    return bytes_of(weight.n4, weight.n8, weight.n_inputs);
}
