#include "weight.h"

#include "../../common/format/mixllm_format.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

Weight::Weight(int64_t n4, int64_t n8, int64_t n_inputs, std::mt19937& random)
    : n4(n4), n8(n8), n_inputs(n_inputs), groups(mixllm_groups(n_inputs)), w4(n4 * n_inputs / 2),
      w4_zero(groups * n4 / 2), w8(n8 * n_inputs), w4_scale(groups * n4), w8_scale(groups * n8), rows(n4 + n8),
      integers((n4 + n8) * n_inputs), scales((n4 + n8) * groups) {
    const auto uniform = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
    const auto scale = [&](std::vector<ggml_fp16_t>& out, int64_t index, int64_t row, int64_t group) {
        const float value = std::uniform_real_distribution<float>(0.001f, 0.1f)(random);
        out[index] = ggml_fp32_to_fp16(value);
        scales[row * groups + group] = ggml_fp16_to_fp32(out[index]);
    };
    for (int64_t row = 0; row < n4; row++) {
        for (int64_t group = 0; group < groups; group++) {
            const int zero = uniform(0, 15);
            w4_zero[group * n4 / 2 + row / 2] |= zero << (row % 2 * 4);
            scale(w4_scale, group * n4 + row, row, group);
            const int64_t end = std::min(n_inputs, (group + 1) * MIXLLM_GROUP_SIZE);
            for (int64_t k = group * MIXLLM_GROUP_SIZE; k < end; k++) {
                const int q = uniform(0, 15);
                w4[row * n_inputs / 2 + k / 32 * 16 + k % 16] |= q << (k % 32 / 16 * 4);
                integers[row * n_inputs + k] = q - zero;
            }
        }
    }
    for (int64_t row = 0; row < n8; row++) {
        for (int64_t group = 0; group < groups; group++) {
            scale(w8_scale, group * n8 + row, n4 + row, group);
        }
        for (int64_t k = 0; k < n_inputs; k++) {
            w8[row * n_inputs + k] = uniform(-127, 127);
            integers[(n4 + row) * n_inputs + k] = w8[row * n_inputs + k];
        }
    }
    // As in a file: a split of the output channels into two ascending parts.
    std::iota(rows.begin(), rows.end(), 0);
    std::shuffle(rows.begin(), rows.end(), random);
    std::sort(rows.begin(), rows.begin() + n4);
    std::sort(rows.begin() + n4, rows.end());
}

// max|x| / 127, kept to 22 significant bits so that a kernel may multiply it exactly by a power of two times 3.
static float activation_scale(float max_magnitude) {
    const float scale = max_magnitude / 127.0f;
    uint32_t bits;
    memcpy(&bits, &scale, sizeof(bits));
    bits &= ~3u;
    float kept;
    memcpy(&kept, &bits, sizeof(kept));
    return kept;
}

void reference(const Weight& weight, const float* x, std::vector<double>& y, std::vector<double>& magnitude) {
    const int64_t n_outputs = weight.n4 + weight.n8;
    y.assign(n_outputs, 0.0);
    magnitude.assign(n_outputs, 0.0);
    std::vector<int32_t> quantized(MIXLLM_GROUP_SIZE);
    for (int64_t group = 0; group < weight.groups; group++) {
        const int64_t begin = group * MIXLLM_GROUP_SIZE;
        const int64_t end = std::min(weight.n_inputs, begin + MIXLLM_GROUP_SIZE);
        float largest = 0.0f;
        for (int64_t k = begin; k < end; k++) {
            largest = std::max(largest, std::fabs(x[k]));
        }
        const float scale = activation_scale(largest);
        for (int64_t k = begin; k < end; k++) {
            const float ratio = scale > 0.0f ? x[k] / scale : 0.0f;
            quantized[k - begin] = std::clamp(static_cast<int>(std::nearbyint(ratio)), -127, 127);
        }
        for (int64_t row = 0; row < n_outputs; row++) {
            int64_t sum = 0;
            for (int64_t k = begin; k < end; k++) {
                sum += weight.integers[row * weight.n_inputs + k] * quantized[k - begin];
            }
            const double term = weight.scales[row * weight.groups + group] * scale * sum;
            y[weight.rows[row]] += term;
            magnitude[weight.rows[row]] += std::fabs(term);
        }
    }
}
