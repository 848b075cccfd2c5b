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

MixLlmWeights::MixLlmWeights(const Shape& shape, int percent8, size_t l2_bytes)
    : of(shape), n4(shape.n - shape.n * percent8 / 100 / 16 * 16), n8(shape.n - n4) {
    const int64_t groups = (shape.k + 127) / 128;
    const int64_t all4 = n4 * shape.experts, all8 = n8 * shape.experts;
    const auto w4 = random_bits<uint8_t>((size_t)(all4 * shape.k / 2));
    const auto w4_zero = random_bits<uint8_t>((size_t)(all4 / 2 * groups));
    const auto w8 = random_bits<int8_t>((size_t)(all8 * shape.k));
    // 2^-8 and 2^-12.
    const std::vector<uint16_t> w4_scale((size_t)(all4 * groups), 0x1C00), w8_scale((size_t)(all8 * groups), 0x0C00);
    const std::vector<int32_t> rows_of_one = rows_of(shape.n, n8);
    std::vector<int32_t> rows, offsets = {0};
    for (int64_t i = 0; i < shape.experts; i++) {
        rows.insert(rows.end(), rows_of_one.begin(), rows_of_one.end());
        offsets.push_back(offsets.back() + (int32_t)n4);
    }
    for (int i = 0; i < weight_copies(bytes(), l2_bytes); i++) {
        copies.push_back(std::unique_ptr<Copy>(new Copy{DeviceArray<uint8_t>(w4), DeviceArray<uint8_t>(w4_zero),
                                                        DeviceArray<int8_t>(w8), DeviceArray<uint16_t>(w4_scale),
                                                        DeviceArray<uint16_t>(w8_scale), DeviceArray<int32_t>(rows),
                                                        DeviceArray<int32_t>(offsets)}));
    }
}

double MixLlmWeights::bytes() const {
    return bytes_of(n4, n8, of.k) * (double)of.experts;
}

mixllm_cuda_weight MixLlmWeights::weight(int i) const {
    const Copy& c = copy(i);
    return {of.k, n4, n8, c.w4.get(), c.w4_scale.get(), c.w4_zero.get(), c.w8.get(), c.w8_scale.get(), c.rows.get()};
}

mixllm_cuda_experts MixLlmWeights::experts(int i) const {
    const Copy& c = copy(i);
    return {of.k,
            of.n,
            of.experts,
            c.offsets.get(),
            c.w4.get(),
            c.w4_scale.get(),
            c.w4_zero.get(),
            c.w8.get(),
            c.w8_scale.get(),
            c.rows.get()};
}
