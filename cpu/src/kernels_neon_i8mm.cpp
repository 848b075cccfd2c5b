// NEON with the int8 matrix extension: smmla multiplies eight inputs of two rows by those of two tokens.

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
    return cpu_features().neon_i8mm && cpu_features().neon_dotprod;
}

// The panel's words are arranged for smmla here: with 64-bit units of eight 4-bit-row bytes or eight 8-bit weights,
// unit [j][row] of a row's j-th eight bytes.
struct NeonI8mm : Header128 {
    template <class Panel>
    static void pack(const mixllm_cpu_weight& w, int64_t row, int64_t group, Panel& panel) {
        constexpr int units = Panel::words / 2;
        uint8_t padded[MIXLLM_ROW_TILE * MIXLLM_GROUP_SIZE];
        int64_t stride;
        const uint8_t* from = group_rows(w, row, group, &stride, padded, &panel);
        for (int r = 0; r < MIXLLM_ROW_TILE; r += 2) {
            for (int unit = 0; unit < units; unit += 2) {
                const uint8x16_t a = vld1q_u8(from + r * stride + unit * 8);
                const uint8x16_t b = vld1q_u8(from + (r + 1) * stride + unit * 8);
                uint8_t* out = (uint8_t*)panel.q + (unit * MIXLLM_ROW_TILE + r) * 8;
                vst1q_u8(out, vcombine_u8(vget_low_u8(a), vget_low_u8(b)));
                vst1q_u8(out + MIXLLM_ROW_TILE * 8, vcombine_u8(vget_high_u8(a), vget_high_u8(b)));
            }
        }
    }

    // Eight inputs, from words `word` and `word + 1`, of tokens `token` and `token + 1`.
    static int8x16_t inputs(const ActivationCell& x, int word, int tokens, int token, bool two) {
        const int8_t* at = x.q + (word * tokens + token) * 4;
        if (two) {
            const int32x2_t first = vld1_s32((const int32_t*)at);
            const int32x2_t second = vld1_s32((const int32_t*)(at + tokens * 4));
            return vreinterpretq_s8_s32(vcombine_s32(vzip1_s32(first, second), vzip2_s32(first, second)));
        }
        int32_t first, second;
        memcpy(&first, at, sizeof first);
        memcpy(&second, at + tokens * 4, sizeof second);
        const int32x2_t one = vset_lane_s32(second, vdup_n_s32(first), 1);
        return vreinterpretq_s8_s32(vcombine_s32(one, one));
    }

    template <int tokens, int first, int pairs>
    static void load_inputs(const ActivationCell& x, int word, int8x16_t (&to)[pairs]) {
        for (int p = 0; p < pairs; p++) {
            to[p] = inputs(x, word, tokens, first + p * 2, first + p * 2 + 1 < tokens);
        }
    }

    // dots[p][r]: rows r * 2, r * 2 + 1 by tokens p * 2, p * 2 + 1, as [row][token].
    template <int tokens, int first, int pairs>
    static void some(const PanelGroup4& panel, const ActivationCell& x, int32x4_t (&dots)[pairs][8]) {
        for (int unit = 0; unit < panel.blocks * 2; unit++) {
            const int word = unit / 2 * 8 + unit % 2 * 2;
            int8x16_t x_low[pairs], x_high[pairs];
            load_inputs<tokens, first>(x, word, x_low);
            load_inputs<tokens, first>(x, word + 4, x_high);
            for (int r = 0; r < 8; r++) {
                const uint8x16_t q = vld1q_u8((const uint8_t*)panel.q + (unit * MIXLLM_ROW_TILE + r * 2) * 8);
                const int8x16_t low = vreinterpretq_s8_u8(vandq_u8(q, vdupq_n_u8(15)));
                const int8x16_t high = vreinterpretq_s8_u8(vshrq_n_u8(q, 4));
                for (int p = 0; p < pairs; p++) {
                    dots[p][r] = vmmlaq_s32(vmmlaq_s32(dots[p][r], low, x_low[p]), high, x_high[p]);
                }
            }
        }
    }

    template <int tokens, int first, int pairs>
    static void some(const PanelGroup8& panel, const ActivationCell& x, int32x4_t (&dots)[pairs][8]) {
        for (int unit = 0; unit < panel.blocks * 4; unit++) {
            int8x16_t inputs[pairs];
            load_inputs<tokens, first>(x, unit * 2, inputs);
            for (int r = 0; r < 8; r++) {
                const int8x16_t q = vld1q_s8((const int8_t*)panel.q + (unit * MIXLLM_ROW_TILE + r * 2) * 8);
                for (int p = 0; p < pairs; p++) {
                    dots[p][r] = vmmlaq_s32(dots[p][r], q, inputs[p]);
                }
            }
        }
    }

    template <int tokens, int first = 0, class Panel>
    static void multiply(const Panel& panel, const ActivationCell& x, float* y) {
        constexpr int pairs = tokens - first > 2 ? 2 : 1;
        int32x4_t dots[pairs][8];
        for (int p = 0; p < pairs; p++) {
            for (int r = 0; r < 8; r++) {
                dots[p][r] = vdupq_n_s32(0);
            }
        }
        some<tokens, first>(panel, x, dots);
        for (int p = 0; p < pairs; p++) {
            const int t = first + p * 2;
            for (int r = 0; r < 8; r += 2) {
                float* out = y + t * MIXLLM_ROW_TILE + r * 2;
                accumulate(vuzp1q_s32(dots[p][r], dots[p][r + 1]), panel.scale + r * 2, panel.zero + r * 2, x.sum[t],
                           x.scale[t], out);
                if (t + 1 < tokens) {
                    accumulate(vuzp2q_s32(dots[p][r], dots[p][r + 1]), panel.scale + r * 2, panel.zero + r * 2,
                               x.sum[t + 1], x.scale[t + 1], out + MIXLLM_ROW_TILE);
                }
            }
        }
        if constexpr (first + pairs * 2 < tokens) {
            multiply<tokens, first + pairs * 2>(panel, x, y);
        }
    }

    template <class Panel>
    static void row_wise(const mixllm_cpu_weight& w, const Activations& a, int64_t row, float* y, const Panel* panel) {
        rows_of_one_token(w, a, row, y, panel);
    }
};

} // namespace

extern const KernelSet kernels_neon_i8mm;
const KernelSet kernels_neon_i8mm = {"neon-i8mm",       runs_here,           quantize_group, interleave_words,
                                     mul_mat<NeonI8mm>, tile_rows<NeonI8mm>, false};
