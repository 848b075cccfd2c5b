// AVX2 without VNNI: vpmaddubsw sums pairs of products in int16, where eight of them with 4-bit weights fit
// (16 * 15 * 127 = 30480).

#include "cpu_features.h"
#include "kernel_set.h"
#include "panel.h"
#include "prefetch_to_l2.h"
#include "thread_scratch.h"
#include "unrolled.h"

#include <immintrin.h>
#include <string.h>

namespace {

#include "tile_driver.h"

#include "x86_256.h"

bool runs_here() {
    return cpu_features().avx2;
}

// Stops GCC from turning chains of sums into trees, whose parts do not fit the registers.
inline void keep_order(__m256i& value) {
#ifdef __GNUC__
    __asm__("" : "+x"(value));
#else
    (void)value;
#endif
}

// 8-bit weights stay signed here: |w| * (x with the sign of w) keeps both products of a pair within int16.
struct Avx2 : Panels256<0> {
    template <int tokens, int first, int count>
    static void some(const PanelGroup4& panel, const ActivationCell& x, float* y) {
        const __m256i mask = _mm256_set1_epi8(15);
        const __m256i ones = _mm256_set1_epi16(1);
        for (int half = 0; half < 2; half++) {
            __m256i dots[count], pairs[count];
            unrolled<count>([&](auto t) MIXLLM_INLINE { dots[t] = _mm256_setzero_si256(); });
            for (int block = 0; block < panel.blocks; block++) {
                unrolled<count>([&](auto t) MIXLLM_INLINE { pairs[t] = _mm256_setzero_si256(); });
                unrolled<4>([&](auto i) MIXLLM_INLINE {
                    const __m256i q = load(panel.q[block * 4 + i] + half * 8);
                    const __m256i low = _mm256_and_si256(q, mask);
                    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(q, 4), mask);
                    unrolled<count>([&](auto t) MIXLLM_INLINE {
                        const __m256i a = four_inputs(x, block * 8 + i, tokens, first + t);
                        const __m256i b = four_inputs(x, block * 8 + 4 + i, tokens, first + t);
                        pairs[t] = _mm256_add_epi16(pairs[t], _mm256_maddubs_epi16(low, a));
                        pairs[t] = _mm256_add_epi16(pairs[t], _mm256_maddubs_epi16(high, b));
                        keep_order(pairs[t]);
                    });
                });
                unrolled<count>([&](auto t) MIXLLM_INLINE {
                    dots[t] = _mm256_add_epi32(dots[t], _mm256_madd_epi16(pairs[t], ones));
                });
            }
            for (int t = 0; t < count; t++) {
                accumulate(dots[t], panel.scale + half * 8, panel.zero + half * 8, x.sum[first + t], x.scale[first + t],
                           y + (first + t) * 16 + half * 8);
            }
        }
    }

    static __m256i dot_signed(__m256i sum, __m256i weights, __m256i magnitudes, __m256i inputs) {
        const __m256i pairs = _mm256_maddubs_epi16(magnitudes, _mm256_sign_epi8(inputs, weights));
        return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }

    template <int tokens, int first, int count>
    static void some(const PanelGroup8& panel, const ActivationCell& x, float* y) {
        __m256i dots[count][2];
        unrolled<count>([&](auto t) MIXLLM_INLINE { dots[t][0] = dots[t][1] = _mm256_setzero_si256(); });
        for (int word = 0; word < panel.blocks * 8; word++) {
            const __m256i q0 = load(panel.q[word]);
            const __m256i q1 = load(panel.q[word] + 8);
            const __m256i magnitudes0 = _mm256_abs_epi8(q0);
            const __m256i magnitudes1 = _mm256_abs_epi8(q1);
            unrolled<count>([&](auto t) MIXLLM_INLINE {
                const __m256i inputs = four_inputs(x, word, tokens, first + t);
                dots[t][0] = dot_signed(dots[t][0], q0, magnitudes0, inputs);
                dots[t][1] = dot_signed(dots[t][1], q1, magnitudes1, inputs);
            });
        }
        for (int t = 0; t < count; t++) {
            for (int half = 0; half < 2; half++) {
                accumulate(dots[t][half], panel.scale + half * 8, panel.zero + half * 8, x.sum[first + t],
                           x.scale[first + t], y + (first + t) * 16 + half * 8);
            }
        }
    }

    template <int tokens, int first = 0, class Panel>
    static void multiply(const Panel& panel, const ActivationCell& x, float* y) {
        constexpr int count = tokens - first < 4 ? tokens - first : 4;
        some<tokens, first, count>(panel, x, y);
        if constexpr (first + count < tokens) {
            multiply<tokens, first + count>(panel, x, y);
        }
    }

    static __m256i dot(const uint8_t* packed, const SplitInputs& x) {
        const __m256i mask = _mm256_set1_epi8(15);
        __m256i pairs = _mm256_setzero_si256();
        for (int i = 0; i < 2; i++) {
            const __m256i q = load(packed + i * 32);
            const __m256i low = _mm256_and_si256(q, mask);
            const __m256i high = _mm256_and_si256(_mm256_srli_epi16(q, 4), mask);
            pairs = _mm256_add_epi16(
                pairs, _mm256_add_epi16(_mm256_maddubs_epi16(low, x.low[i]), _mm256_maddubs_epi16(high, x.high[i])));
        }
        return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    }

    static __m256i dot(const uint8_t* weights, const int8_t* x) {
        __m256i sum = _mm256_setzero_si256();
        for (int i = 0; i < 4; i++) {
            const __m256i q = load(weights + i * 32);
            sum = dot_signed(sum, q, _mm256_abs_epi8(q), load(x + i * 32));
        }
        return sum;
    }

    template <class Panel>
    static void row_wise(const mixllm_cpu_weight& w, const Activations& a, int64_t row, float* y, const Panel* panel) {
        rows_of_one_token<Avx2>(w, a, row, y, panel);
    }
};

} // namespace

extern const KernelSet kernels_avx2;
const KernelSet kernels_avx2 = {"avx2",        runs_here,       quantize_group, interleave_words,
                                mul_mat<Avx2>, tile_rows<Avx2>, false};
