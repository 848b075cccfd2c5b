#include "synthetic/fill_rows.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>

namespace mixllm {

namespace {

/// Usual for the weights of language models.
constexpr float weight_deviation = 0.02f;
/// Standard deviation of an even spread over the quants: 16 levels, 255 levels.
constexpr float spread4 = 4.61f;
constexpr float spread8 = 73.6f;

void fill_weights(const PlannedTensor& tensor, const RandomBits& random, int64_t first, int64_t count, uint8_t* out) {
    const int64_t width = tensor.shape[0];
    std::vector<float> row(static_cast<size_t>(width));
    for (int64_t r = 0; r < count; r++) {
        const auto start = static_cast<uint64_t>((first + r) * width);
        for (size_t i = 0; i < row.size(); i++) {
            row[i] = weight_deviation * random.normal_at(start + i);
        }
        uint8_t* target = out + static_cast<size_t>(r) * ggml_row_size(tensor.type, width);
        if (tensor.type == GGML_TYPE_F32) {
            std::memcpy(target, row.data(), row.size() * sizeof(float));
        } else if (tensor.type == GGML_TYPE_F16) {
            ggml_fp32_to_fp16_row(row.data(), reinterpret_cast<ggml_fp16_t*>(target), width);
        } else {
            ggml_quantize_chunk(tensor.type, row.data(), target, 0, 1, width, nullptr);
        }
    }
}

/// Fills with one value a byte, made from 8 random bits.
template <class FromBits>
void fill_bytes(const RandomBits& random, uint64_t first, size_t count, uint8_t* out, FromBits from_bits) {
    for (size_t i = 0; i < count; i++) {
        out[i] = from_bits(static_cast<uint8_t>(random.at((first + i) / 8) >> (8 * ((first + i) % 8))));
    }
}

void fill_scales(const RandomBits& random, uint64_t first, size_t count, float mean, uint8_t* out) {
    auto* scales = reinterpret_cast<ggml_fp16_t*>(out);
    for (size_t i = 0; i < count; i++) {
        const float change = static_cast<float>(random.at(first + i) & 0xff) / 1024 - 0.125f;
        scales[i] = ggml_fp32_to_fp16(mean * (1 + change));
    }
}

/// Deals the 8-bit rows out at random over the output channels of the weight, or of each of a stack.
void fill_mask(const PlannedTensor& tensor, const RandomBits& random, int64_t first, int64_t count, uint8_t* out) {
    const auto width = static_cast<uint64_t>(8 * tensor.shape[0]);
    std::vector<uint64_t> channels(width);
    std::fill_n(out, count * tensor.shape[0], uint8_t{0});
    for (int64_t row = 0; row < count; row++) {
        const uint64_t start = static_cast<uint64_t>(first + row) * width;
        std::iota(channels.begin(), channels.end(), 0);
        std::stable_sort(channels.begin(), channels.end(),
                         [&](uint64_t a, uint64_t b) { return random.at(start + a) < random.at(start + b); });
        uint8_t* mask = out + row * tensor.shape[0];
        for (int64_t i = 0; i < tensor.channels8; i++) {
            const uint64_t channel = channels[static_cast<size_t>(i)];
            mask[channel / 8] = static_cast<uint8_t>(mask[channel / 8] | 1u << channel % 8);
        }
    }
}

} // namespace

void fill_rows(const PlannedTensor& tensor, int64_t first, int64_t count, uint8_t* out) {
    const RandomBits random(tensor.name);
    const auto start = static_cast<uint64_t>(first * tensor.shape[0]);
    const auto elements = static_cast<size_t>(count * tensor.shape[0]);
    switch (tensor.filling) {
    case Filling::Constant:
        std::fill_n(reinterpret_cast<float*>(out), elements, tensor.value);
        return;
    case Filling::Weights:
        fill_weights(tensor, random, first, count, out);
        return;
    case Filling::Nibbles:
        fill_bytes(random, start, elements, out, [](uint8_t bits) { return bits; });
        return;
    case Filling::Quants8:
        fill_bytes(random, start, elements, out, [](uint8_t bits) { return bits == 0x80 ? uint8_t{0} : bits; });
        return;
    case Filling::ZeroPoints:
        fill_bytes(random, start, elements, out,
                   [](uint8_t bits) { return static_cast<uint8_t>((7 + (bits & 1)) | (7 + (bits >> 1 & 1)) << 4); });
        return;
    case Filling::Scales4:
        fill_scales(random, start, elements, weight_deviation / spread4, out);
        return;
    case Filling::Scales8:
        fill_scales(random, start, elements, weight_deviation / spread8, out);
        return;
    case Filling::Mask:
        fill_mask(tensor, random, first, count, out);
        return;
    }
    throw std::logic_error("a filling without a case");
}

} // namespace mixllm
