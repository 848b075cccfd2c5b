// AVX-VNNI: vpdpbusd on 256-bit registers, two of which hold four inputs of each of a tile's 16 rows.

#include "cpu_features.h"
#include "kernel_set.h"
#include "panel.h"
#include "prefetch_to_l2.h"
#include "thread_scratch.h"
#include "unrolled.h"

#include <immintrin.h>
#include <string.h>

#ifdef MIXLLM_AVX_VNNI_AS_EVEX
// The same path in AVX512VL's encoding, for testing it on processors without AVX-VNNI.
#    define MIXLLM_DPBUSD _mm256_dpbusd_epi32
#    define MIXLLM_KERNELS kernels_avx_vnni_as_evex
#    define MIXLLM_ISA "avx-vnni-as-evex"
#else
#    define MIXLLM_DPBUSD _mm256_dpbusd_avx_epi32
#    define MIXLLM_KERNELS kernels_avx_vnni
#    define MIXLLM_ISA "avx-vnni"
#endif

namespace {

#include "tile_driver.h"

#include "x86_256.h"

bool runs_here() {
#ifdef MIXLLM_AVX_VNNI_AS_EVEX
    return cpu_features().avx512_vnni;
#else
    return cpu_features().avx_vnni;
#endif
}

struct AvxVnni : Panels256<128> {
    // Four tokens of both halves of the tile: eight sums, which with their operands fill the sixteen registers.
    static constexpr int tokens_at_once = 4;

    template <int tokens, int first, int count>
    static void finish(const PanelGroup& panel, const ActivationCell& x, const __m256i (&dots)[count][2], float* y) {
        for (int t = 0; t < count; t++) {
            for (int half = 0; half < 2; half++) {
                accumulate(dots[t][half], panel.scale + half * 8, panel.zero + half * 8, x.sum[first + t],
                           x.scale[first + t], y + (first + t) * 16 + half * 8);
            }
        }
    }

    template <int tokens, int first, int count>
    static void some(const PanelGroup4& panel, const ActivationCell& x, float* y) {
        const __m256i mask = _mm256_set1_epi8(15);
        __m256i dots[count][2];
        unrolled<count>([&](auto t) MIXLLM_INLINE { dots[t][0] = dots[t][1] = _mm256_setzero_si256(); });
        for (int block = 0; block < panel.blocks; block++) {
            unrolled<4>([&](auto i) MIXLLM_INLINE {
                const __m256i q0 = load(panel.q[block * 4 + i]);
                const __m256i q1 = load(panel.q[block * 4 + i] + 8);
                const __m256i low0 = _mm256_and_si256(q0, mask);
                const __m256i low1 = _mm256_and_si256(q1, mask);
                unrolled<count>([&](auto t) MIXLLM_INLINE {
                    const __m256i inputs = four_inputs(x, block * 8 + i, tokens, first + t);
                    dots[t][0] = MIXLLM_DPBUSD(dots[t][0], low0, inputs);
                    dots[t][1] = MIXLLM_DPBUSD(dots[t][1], low1, inputs);
                });
                const __m256i high0 = _mm256_and_si256(_mm256_srli_epi16(q0, 4), mask);
                const __m256i high1 = _mm256_and_si256(_mm256_srli_epi16(q1, 4), mask);
                unrolled<count>([&](auto t) MIXLLM_INLINE {
                    const __m256i inputs = four_inputs(x, block * 8 + 4 + i, tokens, first + t);
                    dots[t][0] = MIXLLM_DPBUSD(dots[t][0], high0, inputs);
                    dots[t][1] = MIXLLM_DPBUSD(dots[t][1], high1, inputs);
                });
            });
        }
        finish<tokens, first>(panel, x, dots, y);
    }

    template <int tokens, int first, int count>
    static void some(const PanelGroup8& panel, const ActivationCell& x, float* y) {
        __m256i dots[count][2];
        unrolled<count>([&](auto t) MIXLLM_INLINE { dots[t][0] = dots[t][1] = _mm256_setzero_si256(); });
        for (int block = 0; block < panel.blocks; block++) {
            unrolled<8>([&](auto i) MIXLLM_INLINE {
                const __m256i q0 = load(panel.q[block * 8 + i]);
                const __m256i q1 = load(panel.q[block * 8 + i] + 8);
                unrolled<count>([&](auto t) MIXLLM_INLINE {
                    const __m256i inputs = four_inputs(x, block * 8 + i, tokens, first + t);
                    dots[t][0] = MIXLLM_DPBUSD(dots[t][0], q0, inputs);
                    dots[t][1] = MIXLLM_DPBUSD(dots[t][1], q1, inputs);
                });
            });
        }
        finish<tokens, first>(panel, x, dots, y);
    }

    template <int tokens, int first = 0, class Panel>
    static void multiply(const Panel& panel, const ActivationCell& x, float* y) {
        constexpr int count = tokens - first < tokens_at_once ? tokens - first : tokens_at_once;
        some<tokens, first, count>(panel, x, y);
        if constexpr (first + count < tokens) {
            multiply<tokens, first + count>(panel, x, y);
        }
    }

    static __m256i dot(const uint8_t* packed, const SplitInputs& x) {
        const __m256i mask = _mm256_set1_epi8(15);
        __m256i sum = _mm256_setzero_si256();
        for (int i = 0; i < 2; i++) {
            const __m256i q = load(packed + i * 32);
            sum = MIXLLM_DPBUSD(sum, _mm256_and_si256(q, mask), x.low[i]);
            sum = MIXLLM_DPBUSD(sum, _mm256_and_si256(_mm256_srli_epi16(q, 4), mask), x.high[i]);
        }
        return sum;
    }

    static __m256i dot(const uint8_t* weights, const int8_t* x) {
        const __m256i flip = _mm256_set1_epi8((char)-128);
        __m256i sum = _mm256_setzero_si256();
        for (int i = 0; i < 4; i++) {
            sum = MIXLLM_DPBUSD(sum, _mm256_xor_si256(load(weights + i * 32), flip), load(x + i * 32));
        }
        return sum;
    }

    template <class Panel>
    static void row_wise(const mixllm_cpu_weight& w, const Activations& a, int64_t row, float* y, const Panel* panel) {
        rows_of_one_token<AvxVnni>(w, a, row, y, panel);
    }
};

} // namespace

extern const KernelSet MIXLLM_KERNELS;
const KernelSet MIXLLM_KERNELS = {MIXLLM_ISA,       runs_here,          quantize_group, interleave_words,
                                  mul_mat<AvxVnni>, tile_rows<AvxVnni>, false};
