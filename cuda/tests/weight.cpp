#include "tests/weight.h"

#include <algorithm>
#include <numeric>

struct Weight::OnDevice {
    DeviceArray<uint8_t> w4, w4_zero;
    DeviceArray<int8_t> w8;
    DeviceArray<uint16_t> w4_scale, w8_scale;
    DeviceArray<int32_t> rows;
};

Weight::Weight(int64_t n_inputs, int64_t n4, int64_t n8, RowOrder order, Values values, std::mt19937& random)
    : n_inputs(n_inputs), n4(n4), n8(n8), groups((n_inputs + 127) / 128) {
    const int64_t n = n4 + n8;
    q.resize(n * n_inputs);
    zero.resize(n * groups);
    scale.resize(n * groups);
    for (int64_t i = 0; i < n * n_inputs; i++) {
        const int64_t row = i / n_inputs;
        const uint32_t r = random() >> 4;
        if (values == Values::limits) {
            // Every third row has all weights at one end, which makes the longest sums.
            const bool same = row % 3 == 0;
            q[i] = row < n4 ? (same ? 15 : (int)(r % 2) * 15) : same ? -128 : r % 2 != 0 ? 127 : -127;
        } else {
            q[i] = row < n4 ? (int)(r % 16) : (int)(r % 255) - 127;
        }
    }
    static const uint16_t extreme[] = {0x0000, 0x0001, 0x83FF, 0x0400, 0x7BFF, 0xFBFF, 0x3C00, 0x8001};
    for (int64_t i = 0; i < n * groups; i++) {
        const uint32_t r = random();
        zero[i] = i / groups >= n4 ? 0 : values == Values::limits ? (int)(r % 2) * 15 : (int)(r % 16);
        scale[i] = values == Values::unit     ? 0x3C00
                   : values == Values::limits ? extreme[r >> 8 & 7]
                                              : (uint16_t)(0x1800 + (r >> 8) % 0x0C00);
    }
    rows.resize(n);
    std::iota(rows.begin(), rows.end(), 0);
    std::shuffle(rows.begin(), rows.end(), random);
    if (order == RowOrder::ascending) {
        std::sort(rows.begin(), rows.begin() + n4);
        std::sort(rows.begin() + n4, rows.end());
    }
}

PackedWeight::PackedWeight(const Weight& w)
    : w4(w.n4 * w.n_inputs / 2), w4_zero(w.groups * w.n4 / 2), w8(w.n8 * w.n_inputs), w4_scale(w.groups * w.n4),
      w8_scale(w.groups * w.n8) {
    for (int64_t row = 0; row < w.n4 + w.n8; row++) {
        for (int64_t k = 0; k < w.n_inputs; k++) {
            const int value = w.q[row * w.n_inputs + k];
            if (row >= w.n4) {
                w8[(row - w.n4) * w.n_inputs + k] = (int8_t)value;
            } else {
                w4[row * (w.n_inputs / 2) + k / 32 * 16 + k % 16] |= (uint8_t)(value << (k % 32 < 16 ? 0 : 4));
            }
        }
        for (int64_t g = 0; g < w.groups; g++) {
            if (row >= w.n4) {
                w8_scale[g * w.n8 + row - w.n4] = w.scale[row * w.groups + g];
            } else {
                w4_scale[g * w.n4 + row] = w.scale[row * w.groups + g];
                w4_zero[g * (w.n4 / 2) + row / 2] |= (uint8_t)(w.zero[row * w.groups + g] << (row % 2 * 4));
            }
        }
    }
}

mixllm_cuda_weight Weight::on_device() {
    if (!uploaded) {
        const PackedWeight packed(*this);
        uploaded.reset(new OnDevice{DeviceArray<uint8_t>(packed.w4), DeviceArray<uint8_t>(packed.w4_zero),
                                    DeviceArray<int8_t>(packed.w8), DeviceArray<uint16_t>(packed.w4_scale),
                                    DeviceArray<uint16_t>(packed.w8_scale), DeviceArray<int32_t>(rows)});
    }
    mixllm_cuda_weight w = {};
    w.n_inputs = n_inputs;
    w.n4 = n4;
    w.n8 = n8;
    w.w4 = uploaded->w4.get();
    w.w4_scale = uploaded->w4_scale.get();
    w.w4_zero = uploaded->w4_zero.get();
    w.w8 = uploaded->w8.get();
    w.w8_scale = uploaded->w8_scale.get();
    w.rows = uploaded->rows.get();
    return w;
}
