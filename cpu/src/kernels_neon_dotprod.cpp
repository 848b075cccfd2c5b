// NEON with the dot-product extension: sdot multiplies four inputs of each of four rows by those of one token.

#include "cpu_features.h"
#include "kernel_set.h"
#include "panel.h"
#include "prefetch_to_l2.h"
#include "thread_scratch.h"
#include "unrolled.h"

#include <arm_neon.h>
#include <string.h>

namespace {

#include "tile_driver.h"

#include "neon_128.h"

bool runs_here() {
    return cpu_features().neon_dotprod;
}

struct NeonDotprod : Header128 {
    // Words [4][row] of four rows at a time are transposed into the panel.
    template <class Panel>
    static void pack(const mixllm_cpu_weight& w, int64_t row, int64_t group, Panel& panel) {
        constexpr int words = Panel::words;
        uint8_t padded[MIXLLM_ROW_TILE * MIXLLM_GROUP_SIZE];
        int64_t stride;
        const uint8_t* from = group_rows(w, row, group, &stride, padded, &panel);
        for (int r = 0; r < MIXLLM_ROW_TILE; r += 4) {
            for (int word = 0; word < words; word += 4) {
                uint32x4_t rows[4];
                for (int i = 0; i < 4; i++) {
                    rows[i] = vreinterpretq_u32_u8(vld1q_u8(from + (r + i) * stride + word * 4));
                }
                const uint32x4x2_t a = vtrnq_u32(rows[0], rows[1]);
                const uint32x4x2_t b = vtrnq_u32(rows[2], rows[3]);
                for (int i = 0; i < 2; i++) {
                    vst1q_u32(panel.q[word + i] + r, vcombine_u32(vget_low_u32(a.val[i]), vget_low_u32(b.val[i])));
                    vst1q_u32(panel.q[word + 2 + i] + r,
                              vcombine_u32(vget_high_u32(a.val[i]), vget_high_u32(b.val[i])));
                }
            }
        }
    }

    static int8x16_t inputs(const ActivationCell& x, int word, int tokens, int token) {
        int32_t four;
        memcpy(&four, x.q + (word * tokens + token) * 4, sizeof four);
        return vreinterpretq_s8_s32(vdupq_n_s32(four));
    }

    // Adds one word of inputs, of all the tile's rows, for four tokens at a time by lane and the rest one by one.
    template <int tokens, int first, int count>
    static void add(int32x4_t (&dots)[count][4], const int8x16_t (&q)[4], const ActivationCell& x, int word) {
        if constexpr (count == 4) {
            const int8x16_t four = vld1q_s8(x.q + (word * tokens + first) * 4);
            for (int r = 0; r < 4; r++) {
                dots[0][r] = vdotq_laneq_s32(dots[0][r], q[r], four, 0);
                dots[1][r] = vdotq_laneq_s32(dots[1][r], q[r], four, 1);
                dots[2][r] = vdotq_laneq_s32(dots[2][r], q[r], four, 2);
                dots[3][r] = vdotq_laneq_s32(dots[3][r], q[r], four, 3);
            }
        } else {
            for (int t = 0; t < count; t++) {
                const int8x16_t one = inputs(x, word, tokens, first + t);
                for (int r = 0; r < 4; r++) {
                    dots[t][r] = vdotq_s32(dots[t][r], q[r], one);
                }
            }
        }
    }

    template <int tokens, int first, int count>
    static void some(const PanelGroup4& panel, const ActivationCell& x, int32x4_t (&dots)[count][4]) {
        for (int block = 0; block < panel.blocks; block++) {
            for (int i = 0; i < 4; i++) {
                int8x16_t low[4], high[4];
                for (int r = 0; r < 4; r++) {
                    const uint8x16_t q = vreinterpretq_u8_u32(vld1q_u32(panel.q[block * 4 + i] + r * 4));
                    low[r] = vreinterpretq_s8_u8(vandq_u8(q, vdupq_n_u8(15)));
                    high[r] = vreinterpretq_s8_u8(vshrq_n_u8(q, 4));
                }
                add<tokens, first>(dots, low, x, block * 8 + i);
                add<tokens, first>(dots, high, x, block * 8 + 4 + i);
            }
        }
    }

    template <int tokens, int first, int count>
    static void some(const PanelGroup8& panel, const ActivationCell& x, int32x4_t (&dots)[count][4]) {
        for (int word = 0; word < panel.blocks * 8; word++) {
            int8x16_t q[4];
            for (int r = 0; r < 4; r++) {
                q[r] = vreinterpretq_s8_u32(vld1q_u32(panel.q[word] + r * 4));
            }
            add<tokens, first>(dots, q, x, word);
        }
    }

    template <int tokens, int first = 0, class Panel>
    static void multiply(const Panel& panel, const ActivationCell& x, float* y) {
        constexpr int count = tokens - first < 4 ? tokens - first : 4;
        int32x4_t dots[count][4];
        for (int t = 0; t < count; t++) {
            for (int r = 0; r < 4; r++) {
                dots[t][r] = vdupq_n_s32(0);
            }
        }
        some<tokens, first>(panel, x, dots);
        for (int t = 0; t < count; t++) {
            for (int r = 0; r < 4; r++) {
                accumulate(dots[t][r], panel.scale + r * 4, panel.zero + r * 4, x.sum[first + t], x.scale[first + t],
                           y + (first + t) * MIXLLM_ROW_TILE + r * 4);
            }
        }
        if constexpr (first + count < tokens) {
            multiply<tokens, first + count>(panel, x, y);
        }
    }

    template <class Panel>
    static void row_wise(const mixllm_cpu_weight& w, const Activations& a, int64_t row, float* y, const Panel* panel) {
        rows_of_one_token(w, a, row, y, panel);
    }
};

} // namespace

extern const KernelSet kernels_neon_dotprod;
const KernelSet kernels_neon_dotprod = {
    "neon-dotprod", runs_here, quantize_group, interleave_words, mul_mat<NeonDotprod>, tile_rows<NeonDotprod>, false};
