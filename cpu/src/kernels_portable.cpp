// Plain C++: runs anywhere.

#include "cpu_features.h"
#include "half_to_float.h"
#include "kernel_set.h"
#include "panel.h"
#include "prefetch_to_l2.h"
#include "thread_scratch.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace {

#include "tile_driver.h"

bool runs_here() {
    return true;
}

uint32_t float_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

void quantize_group(const float* x, int64_t n, int8_t* q, float* scale, int32_t* sum) {
    uint32_t amax_bits = 0;
    for (int64_t i = 0; i < n; i++) {
        const uint32_t bits = float_bits(x[i]) & 0x7FFFFFFF;
        amax_bits = bits > amax_bits ? bits : amax_bits;
    }
    float amax;
    memcpy(&amax, &amax_bits, sizeof amax);
    const uint32_t scale_bits = float_bits(amax / 127.0f) & 0xFFFFFFFC;
    float s;
    memcpy(&s, &scale_bits, sizeof s);
    const bool finite = amax_bits < 0x7F800000;
    const bool usable = finite && scale_bits >= 0x00800000;
    int32_t total = 0;
    for (int i = 0; i < MIXLLM_GROUP_SIZE; i++) {
        int32_t value = 0;
        if (usable && i < n) {
            // Adding 1.5 * 2^23 rounds half to even and leaves the integer in the low bits.
            value = (int32_t)(float_bits(x[i] / s + 12582912.0f) - 0x4B400000);
            value = value > 127 ? 127 : value < -127 ? -127 : value;
        }
        total += value;
        q[i] = (int8_t)value;
    }
    *scale = usable ? s : finite ? 0.0f : std::numeric_limits<float>::quiet_NaN();
    *sum = total;
}

// Four unsigned bytes times four signed ones.
int32_t dot4(uint32_t q, const int8_t* x) {
    return (int32_t)(q & 255) * x[0] + (int32_t)(q >> 8 & 255) * x[1] + (int32_t)(q >> 16 & 255) * x[2] +
           (int32_t)(q >> 24) * x[3];
}

struct Portable {
    using Rows = EachRow;
    static constexpr bool has_tile_kernels = false;

    static void pack(const mixllm_cpu_weight& w, int64_t row, int64_t group, PanelGroup4& panel) {
        const int64_t row_bytes = w.n_inputs / 2;
        const int64_t left = row_bytes - group * 64;
        const size_t bytes = left < 64 ? (size_t)left : 64;
        for (int r = 0; r < MIXLLM_ROW_TILE; r++) {
            uint32_t words[16] = {};
            memcpy(words, w.w4 + (row + r) * row_bytes + group * 64, bytes);
            for (int j = 0; j < 16; j++) {
                panel.q[j][r] = words[j];
            }
        }
    }

    static void pack(const mixllm_cpu_weight& w, int64_t row, int64_t group, PanelGroup8& panel) {
        const int64_t left = w.n_inputs - group * MIXLLM_GROUP_SIZE;
        const size_t bytes = left < MIXLLM_GROUP_SIZE ? (size_t)left : (size_t)MIXLLM_GROUP_SIZE;
        for (int r = 0; r < MIXLLM_ROW_TILE; r++) {
            uint32_t words[32] = {};
            memcpy(words, w.w8 + (row + r) * w.n_inputs + group * MIXLLM_GROUP_SIZE, bytes);
            for (int j = 0; j < 32; j++) {
                panel.q[j][r] = words[j] ^ 0x80808080u;
            }
        }
    }

    static void header(const uint16_t* scales, const uint8_t* zeros, PanelGroup4& panel) {
        for (int r = 0; r < MIXLLM_ROW_TILE; r++) {
            panel.scale[r] = half_to_float(scales[r]);
            panel.zero[r] = zeros[r / 2] >> (r & 1) * 4 & 15;
        }
    }

    static void header(const uint16_t* scales, const uint8_t*, PanelGroup8& panel) {
        for (int r = 0; r < MIXLLM_ROW_TILE; r++) {
            panel.scale[r] = half_to_float(scales[r]);
            panel.zero[r] = 128;
        }
    }

    static void accumulate(const PanelGroup& panel, const int32_t* dots, const ActivationCell& x, int token, float* y) {
        for (int r = 0; r < MIXLLM_ROW_TILE; r++) {
            const float part = (float)(dots[r] - panel.zero[r] * x.sum[token]) * x.scale[token];
            y[r] = std::fma(part, panel.scale[r], y[r]);
        }
    }

    template <int tokens>
    static void multiply(const PanelGroup4& panel, const ActivationCell& x, float* y) {
        for (int t = 0; t < tokens; t++) {
            int32_t dots[MIXLLM_ROW_TILE] = {};
            for (int j = 0; j < panel.blocks * 4; j++) {
                const int8_t* low = x.q + ((j / 4 * 8 + j % 4) * tokens + t) * 4;
                const int8_t* high = low + 4 * tokens * 4;
                for (int r = 0; r < MIXLLM_ROW_TILE; r++) {
                    dots[r] += dot4(panel.q[j][r] & 0x0F0F0F0F, low) + dot4(panel.q[j][r] >> 4 & 0x0F0F0F0F, high);
                }
            }
            accumulate(panel, dots, x, t, y + t * MIXLLM_ROW_TILE);
        }
    }

    template <int tokens>
    static void multiply(const PanelGroup8& panel, const ActivationCell& x, float* y) {
        for (int t = 0; t < tokens; t++) {
            int32_t dots[MIXLLM_ROW_TILE] = {};
            for (int j = 0; j < panel.blocks * 8; j++) {
                const int8_t* inputs = x.q + (j * tokens + t) * 4;
                for (int r = 0; r < MIXLLM_ROW_TILE; r++) {
                    dots[r] += dot4(panel.q[j][r], inputs);
                }
            }
            accumulate(panel, dots, x, t, y + t * MIXLLM_ROW_TILE);
        }
    }

    template <class Panel>
    static void row_wise(const mixllm_cpu_weight& w, const Activations& a, int64_t row, float* y, const Panel*) {
        PanelWords<Panel> words;
        Panel panel;
        memset(y, 0, MIXLLM_ROW_TILE * sizeof(float));
        for (int64_t g = 0; g < a.groups; g++) {
            prepare<Portable>(w, row, g, words, panel);
            multiply<1>(panel, activation_cell(a, 0, g), y);
        }
    }
};

} // namespace

extern const KernelSet kernels_portable;
const KernelSet kernels_portable = {"portable",        runs_here,           quantize_group, interleave_words,
                                    mul_mat<Portable>, tile_rows<Portable>, false};
