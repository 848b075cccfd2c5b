// AVX512 with VNNI: a register holds four inputs of each of a tile's 16 rows.

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

bool runs_here() {
    return cpu_features().avx512_vnni;
}

void quantize_group(const float* x, int64_t n, int8_t* q, float* scale, int32_t* sum) {
    __m512i bits[8];
    __m512i amax_bits = _mm512_setzero_si512();
    for (int i = 0; i < 8; i++) {
        bits[i] = i * 16 < n ? _mm512_loadu_si512(x + i * 16) : _mm512_setzero_si512();
        amax_bits = _mm512_max_epu32(amax_bits, _mm512_and_si512(bits[i], _mm512_set1_epi32(0x7FFFFFFF)));
    }
    const uint32_t amax = _mm512_reduce_max_epu32(amax_bits);
    const __m128 divided = _mm_div_ss(_mm_castsi128_ps(_mm_cvtsi32_si128((int)amax)), _mm_set_ss(127.0f));
    const uint32_t scale_bits = (uint32_t)_mm_cvtsi128_si32(_mm_castps_si128(divided)) & 0xFFFFFFFC;
    const bool finite = amax < 0x7F800000;
    if (!finite || scale_bits < 0x00800000) {
        memset(q, 0, MIXLLM_GROUP_SIZE);
        _mm_store_ss(scale, _mm_castsi128_ps(_mm_cvtsi32_si128(finite ? 0 : 0x7FC00000)));
        *sum = 0;
        return;
    }
    const __m512 s = _mm512_castsi512_ps(_mm512_set1_epi32((int)scale_bits));
    __m512i total = _mm512_setzero_si512();
    for (int i = 0; i < 8; i++) {
        const __m512 quotient = _mm512_div_ps(_mm512_castsi512_ps(bits[i]), s);
        __m512i value = _mm512_cvt_roundps_epi32(quotient, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        value = _mm512_max_epi32(_mm512_min_epi32(value, _mm512_set1_epi32(127)), _mm512_set1_epi32(-127));
        total = _mm512_add_epi32(total, value);
        _mm_storeu_si128((__m128i*)q + i, _mm512_cvtepi32_epi8(value));
    }
    _mm_store_ss(scale, _mm_castsi128_ps(_mm_cvtsi32_si128((int)scale_bits)));
    *sum = _mm512_reduce_add_epi32(total);
}

// Lane i of the result is the sum of the lanes of sums[i].
inline __m512i sum_lanes(const __m512i sums[16]) {
    __m512i quads[4];
    for (int i = 0; i < 4; i++) {
        const __m512i* v = sums + i * 4;
        const __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(v[0], v[1]), _mm512_unpackhi_epi32(v[0], v[1]));
        const __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(v[2], v[3]), _mm512_unpackhi_epi32(v[2], v[3]));
        quads[i] = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    }
    const __m512i a = _mm512_add_epi32(_mm512_shuffle_i32x4(quads[0], quads[1], 0x88),
                                       _mm512_shuffle_i32x4(quads[0], quads[1], 0xDD));
    const __m512i b = _mm512_add_epi32(_mm512_shuffle_i32x4(quads[2], quads[3], 0x88),
                                       _mm512_shuffle_i32x4(quads[2], quads[3], 0xDD));
    return _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xDD));
}

// Lane r of out[j] is lane j of rows[r].
inline void transpose(const __m512i rows[16], uint32_t (*out)[MIXLLM_ROW_TILE], __m512i flip) {
    __m512i pairs[16];
    for (int i = 0; i < 16; i += 4) {
        const __m512i a = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
        const __m512i b = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
        const __m512i c = _mm512_unpacklo_epi32(rows[i + 2], rows[i + 3]);
        const __m512i d = _mm512_unpackhi_epi32(rows[i + 2], rows[i + 3]);
        // pairs[i + k]: in 128-bit lane l, word l * 4 + k of the four rows.
        pairs[i] = _mm512_unpacklo_epi64(a, c);
        pairs[i + 1] = _mm512_unpackhi_epi64(a, c);
        pairs[i + 2] = _mm512_unpacklo_epi64(b, d);
        pairs[i + 3] = _mm512_unpackhi_epi64(b, d);
    }
    for (int k = 0; k < 4; k++) {
        const __m512i a = _mm512_shuffle_i32x4(pairs[k], pairs[k + 4], 0x88);
        const __m512i b = _mm512_shuffle_i32x4(pairs[k], pairs[k + 4], 0xDD);
        const __m512i c = _mm512_shuffle_i32x4(pairs[k + 8], pairs[k + 12], 0x88);
        const __m512i d = _mm512_shuffle_i32x4(pairs[k + 8], pairs[k + 12], 0xDD);
        _mm512_store_si512(out[k], _mm512_xor_si512(flip, _mm512_shuffle_i32x4(a, c, 0x88)));
        _mm512_store_si512(out[8 + k], _mm512_xor_si512(flip, _mm512_shuffle_i32x4(a, c, 0xDD)));
        _mm512_store_si512(out[4 + k], _mm512_xor_si512(flip, _mm512_shuffle_i32x4(b, d, 0x88)));
        _mm512_store_si512(out[12 + k], _mm512_xor_si512(flip, _mm512_shuffle_i32x4(b, d, 0xDD)));
    }
}

void interleave(const int8_t* const* from, int tokens, int8_t* q) {
    const __mmask16 there = (__mmask16)((1u << tokens) - 1);
    for (int half = 0; half < 2; half++) {
        __m512i rows[16];
        for (int t = 0; t < 16; t++) {
            rows[t] = _mm512_loadu_si512(from[t < tokens ? t : 0] + half * 64);
        }
        alignas(64) uint32_t words[16][MIXLLM_ROW_TILE];
        transpose(rows, words, _mm512_setzero_si512());
        for (int word = 0; word < 16; word++) {
            _mm512_mask_storeu_epi32(q + (half * 16 + word) * tokens * 4, there, _mm512_load_si512(words[word]));
        }
    }
}

inline __m512 load_scales(const uint16_t* scales) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)scales));
}

// The zero points of 16 rows as int32.
inline __m512i load_zeros(const uint8_t* zeros) {
    const __m128i bytes = _mm_loadl_epi64((const __m128i*)zeros);
    const __m128i low = _mm_and_si128(bytes, _mm_set1_epi8(15));
    const __m128i high = _mm_and_si128(_mm_srli_epi16(bytes, 4), _mm_set1_epi8(15));
    return _mm512_cvtepu8_epi32(_mm_unpacklo_epi8(low, high));
}

// GCC would read a value with two uses from memory twice, which one token waits for.
inline __m512i load_once(const uint32_t* words) {
    __m512i value = _mm512_load_si512(words);
#if defined(__GNUC__)
    __asm__("" : "+v"(value));
#endif
    return value;
}

// The first `bytes` (0..64 or more) bytes of a register.
inline __mmask64 first_bytes(int64_t bytes) {
    return bytes >= 64 ? ~(__mmask64)0 : bytes <= 0 ? 0 : ((__mmask64)1 << bytes) - 1;
}

inline __m512i four_inputs(const ActivationCell& x, int word, int tokens, int token) {
    int32_t inputs;
    memcpy(&inputs, x.q + (word * tokens + token) * 4, sizeof inputs);
    return _mm512_set1_epi32(inputs);
}

// Writes a tile's rows where they belong: those whose channels ascend and lie within 32, as of the part that has most
// of a weight's rows they do, by two stores that leave out what lies between.
class RowsWithin32 {
public:
    explicit RowsWithin32(const int32_t* rows) : each(rows), first(rows[0]) {
        const __m512i channels = _mm512_loadu_si512(rows);
        const __m512i from_first = _mm512_sub_epi32(channels, _mm512_set1_epi32(first));
        const __m512i next = _mm512_alignr_epi32(channels, channels, 1);
        within = (_mm512_cmplt_epi32_mask(channels, next) | 0x8000) == 0xFFFF && rows[15] - first < 32;
        if (within) {
            const auto all = (uint32_t)_mm512_reduce_or_epi32(_mm512_sllv_epi32(_mm512_set1_epi32(1), from_first));
            const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            for (int half = 0; half < 2; half++) {
                there[half] = (__mmask16)(all >> half * 16);
            }
            const int in_low = _mm_popcnt_u32(there[0]);
            lane[0] = _mm512_maskz_expand_epi32(there[0], lanes);
            lane[1] = _mm512_maskz_expand_epi32(there[1], _mm512_add_epi32(lanes, _mm512_set1_epi32(in_low)));
        }
    }

    void store(const float* tile, float* y) const {
        if (!within) {
            each.store(tile, y);
            return;
        }
        const __m512 values = _mm512_load_ps(tile);
        _mm512_mask_storeu_ps(y + first, there[0], _mm512_permutexvar_ps(lane[0], values));
        if (there[1] != 0) {
            _mm512_mask_storeu_ps(y + first + 16, there[1], _mm512_permutexvar_ps(lane[1], values));
        }
    }

private:
    const EachRow each;
    const int32_t first;
    bool within;
    __mmask16 there[2]; // which of the channels from `first` on are the tile's
    __m512i lane[2];    // and which row of it is there
};

struct Avx512Vnni {
    using Rows = RowsWithin32;
    static constexpr bool has_tile_kernels = true;

    static void pack(const mixllm_cpu_weight& w, int64_t row, int64_t group, PanelGroup4& panel) {
        const int64_t row_bytes = w.n_inputs / 2;
        const uint8_t* from = w.w4 + row * row_bytes + group * 64;
        const __mmask64 inside = first_bytes(row_bytes - group * 64);
        __m512i rows[16];
        for (int r = 0; r < 16; r++) {
            rows[r] = _mm512_maskz_loadu_epi8(inside, from + r * row_bytes);
        }
        transpose(rows, panel.q, _mm512_setzero_si512());
    }

    static void pack(const mixllm_cpu_weight& w, int64_t row, int64_t group, PanelGroup8& panel) {
        const int8_t* from = w.w8 + row * w.n_inputs + group * MIXLLM_GROUP_SIZE;
        for (int half = 0; half < 2; half++) {
            const __mmask64 inside = first_bytes(w.n_inputs - group * MIXLLM_GROUP_SIZE - half * 64);
            __m512i rows[16];
            for (int r = 0; r < 16; r++) {
                rows[r] = _mm512_maskz_loadu_epi8(inside, from + r * w.n_inputs + half * 64);
            }
            transpose(rows, panel.q + half * 16, _mm512_set1_epi8((char)-128));
        }
    }

    // Of one of a tile's groups; 8-bit rows have none in memory.
    static __m512i zero_points(const uint8_t* zeros, int64_t group, const PanelGroup4*) {
        return load_zeros(zeros + group * MIXLLM_ROW_TILE / 2);
    }

    static __m512i zero_points(const uint8_t*, int64_t, const PanelGroup8*) { return _mm512_set1_epi32(128); }

    template <class Panel>
    static void header(const uint16_t* scales, const uint8_t* zeros, Panel& panel) {
        _mm512_store_ps(panel.scale, load_scales(scales));
        _mm512_store_si512(panel.zero, zero_points(zeros, 0, &panel));
    }

    // So few tokens that each multiply waits for the one before, and each branch counts.
    static constexpr int few = 8;

    // Few tokens keep two sums each, so that enough independent ones are under way to hide their latency.
    template <int tokens>
    static constexpr int sums = tokens <= few ? 2 : 1;

    template <int tokens>
    using Dots = __m512i[tokens][sums<tokens>];

    template <int tokens>
    static void start(__m512i zero, const ActivationCell& x, Dots<tokens>& dots) {
        unrolled<tokens>([&](auto t) MIXLLM_INLINE {
            dots[t][sums<tokens> - 1] = _mm512_setzero_si512();
            dots[t][0] = _mm512_mullo_epi32(zero, _mm512_set1_epi32(-x.sum[t]));
        });
    }

    // Adds the products of a block of 32 inputs.
    template <int tokens>
    MIXLLM_INLINE static void add_block(const PanelGroup4& panel, int block, const ActivationCell& x,
                                        Dots<tokens>& dots) {
        const __m512i mask = _mm512_set1_epi8(15);
        unrolled<4>([&](auto i) MIXLLM_INLINE {
            const __m512i q = load_once(panel.q[block * 4 + i]);
            const __m512i low = _mm512_and_si512(q, mask);
            const __m512i high = _mm512_and_si512(_mm512_srli_epi16(q, 4), mask);
            unrolled<tokens>([&](auto t) MIXLLM_INLINE {
                dots[t][0] = _mm512_dpbusd_epi32(dots[t][0], low, four_inputs(x, block * 8 + i, tokens, t));
            });
            unrolled<tokens>([&](auto t) MIXLLM_INLINE {
                __m512i& dot = dots[t][sums<tokens> - 1];
                dot = _mm512_dpbusd_epi32(dot, high, four_inputs(x, block * 8 + 4 + i, tokens, t));
            });
        });
    }

    template <int tokens>
    MIXLLM_INLINE static void add_block(const PanelGroup8& panel, int block, const ActivationCell& x,
                                        Dots<tokens>& dots) {
        unrolled<8>([&](auto i) MIXLLM_INLINE {
            const __m512i q = _mm512_load_si512(panel.q[block * 8 + i]);
            unrolled<tokens>([&](auto t) MIXLLM_INLINE {
                __m512i& dot = dots[t][i % sums<tokens>];
                dot = _mm512_dpbusd_epi32(dot, q, four_inputs(x, block * 8 + i, tokens, t));
            });
        });
    }

    // y of a token after a group whose dot products are these.
    template <int tokens>
    static __m512 finish(__m512 scale, const ActivationCell& x, const Dots<tokens>& dots, int token, __m512 y) {
        const __m512i* of = dots[token];
        const __m512i dot = sums<tokens> == 1 ? of[0] : _mm512_add_epi32(of[0], of[sums<tokens> - 1]);
        const __m512 part = _mm512_mul_ps(_mm512_cvtepi32_ps(dot), _mm512_set1_ps(x.scale[token]));
        return _mm512_fmadd_ps(part, scale, y);
    }

    template <int tokens, class Panel>
    static void multiply(const Panel& panel, const ActivationCell& x, float* y) {
        Dots<tokens> dots;
        start<tokens>(_mm512_load_si512(panel.zero), x, dots);
        for (int block = 0; block < panel.blocks; block++) {
            add_block<tokens>(panel, block, x, dots);
        }
        const __m512 scale = _mm512_load_ps(panel.scale);
        unrolled<tokens>([&](auto t) MIXLLM_INLINE {
            float* to = y + t * MIXLLM_ROW_TILE;
            _mm512_store_ps(to, finish<tokens>(scale, x, dots, t, _mm512_load_ps(to)));
        });
    }

    template <int tokens, class Panel>
    static void tile_wise(const mixllm_cpu_weight& w, const Activations& a, int64_t row, const AheadInTiles& ahead,
                          float* y) {
        const PartOfWeight part(w, (const Panel*)nullptr);
        // A tile's groups lie one after another.
        uint32_t(*words)[MIXLLM_ROW_TILE] = part.words(row, 0);
        const uint16_t* scales = part.scales(row, 0);
        const uint8_t* zeros = part.zeros(row, 0);
        __m512 sum[tokens];
        unrolled<tokens>([&](auto t) MIXLLM_INLINE { sum[t] = _mm512_setzero_ps(); });
        const auto add_group = [&](int64_t g, int blocks, auto&& add_blocks) MIXLLM_INLINE {
            const ActivationCell x = activation_cell(a, 0, g);
            Panel panel;
            panel.q = words + g * Panel::words;
            panel.blocks = blocks;
            ahead.prefetch(panel);
            Dots<tokens> dots;
            start<tokens>(zero_points(zeros, g, &panel), x, dots);
            add_blocks([&](int block) MIXLLM_INLINE { add_block<tokens>(panel, block, x, dots); });
            const __m512 scale = load_scales(scales + g * MIXLLM_ROW_TILE);
            unrolled<tokens>([&](auto t) MIXLLM_INLINE { sum[t] = finish<tokens>(scale, x, dots, t, sum[t]); });
        };
        // Of few tokens a whole group is one run of instructions: with a loop over its blocks one token takes 1.3 times
        // as long, but 16 tokens 0.8 times.
        int64_t g = 0;
        if constexpr (tokens <= few) {
            for (; g < w.n_inputs / MIXLLM_GROUP_SIZE; g++) {
                add_group(g, 4, [](auto&& add) MIXLLM_INLINE { unrolled<4>(add); });
            }
        }
        for (; g < a.groups; g++) {
            const int blocks = group_blocks(w.n_inputs, g);
            add_group(g, blocks, [blocks](auto&& add) MIXLLM_INLINE {
                for (int block = 0; block < blocks; block++) {
                    add(block);
                }
            });
        }
        unrolled<tokens>([&](auto t) MIXLLM_INLINE { _mm512_store_ps(y + t * MIXLLM_ROW_TILE, sum[t]); });
    }

    // Half a block of tokens with the panels of two tiles, so that each broadcast feeds two multiplies.
    template <class Panel>
    static void half_block(const Panel& panel0, const Panel& panel1, const ActivationCell& x, int first, float* y0,
                           float* y1) {
        constexpr int tokens = 8;
        __m512i dots[2][tokens];
        unrolled<tokens>([&](auto t) MIXLLM_INLINE {
            const __m512i sum = _mm512_set1_epi32(-x.sum[first + t]);
            dots[0][t] = _mm512_mullo_epi32(_mm512_load_si512(panel0.zero), sum);
            dots[1][t] = _mm512_mullo_epi32(_mm512_load_si512(panel1.zero), sum);
        });
        const auto multiply = [&](int word, __m512i q0, __m512i q1) MIXLLM_INLINE {
            unrolled<tokens>([&](auto t) MIXLLM_INLINE {
                const __m512i inputs = four_inputs(x, word, MIXLLM_BLOCK_TOKENS, first + t);
                dots[0][t] = _mm512_dpbusd_epi32(dots[0][t], q0, inputs);
                dots[1][t] = _mm512_dpbusd_epi32(dots[1][t], q1, inputs);
            });
        };
        for (int block = 0; block < panel0.blocks; block++) {
            if constexpr (Panel::words == 16) {
                const __m512i mask = _mm512_set1_epi8(15);
                unrolled<4>([&](auto i) MIXLLM_INLINE {
                    const __m512i q0 = _mm512_load_si512(panel0.q[block * 4 + i]);
                    const __m512i q1 = _mm512_load_si512(panel1.q[block * 4 + i]);
                    multiply(block * 8 + i, _mm512_and_si512(q0, mask), _mm512_and_si512(q1, mask));
                    multiply(block * 8 + 4 + i, _mm512_and_si512(_mm512_srli_epi16(q0, 4), mask),
                             _mm512_and_si512(_mm512_srli_epi16(q1, 4), mask));
                });
            } else {
                unrolled<8>([&](auto i) MIXLLM_INLINE {
                    multiply(block * 8 + i, _mm512_load_si512(panel0.q[block * 8 + i]),
                             _mm512_load_si512(panel1.q[block * 8 + i]));
                });
            }
        }
        const __m512 scales[2] = {_mm512_load_ps(panel0.scale), _mm512_load_ps(panel1.scale)};
        float* const y[2] = {y0, y1};
        unrolled<2>([&](auto p) MIXLLM_INLINE {
            unrolled<tokens>([&](auto t) MIXLLM_INLINE {
                float* to = y[p] + (first + t) * MIXLLM_ROW_TILE;
                const __m512 part = _mm512_mul_ps(_mm512_cvtepi32_ps(dots[p][t]), _mm512_set1_ps(x.scale[first + t]));
                _mm512_store_ps(to, _mm512_fmadd_ps(part, scales[p], _mm512_load_ps(to)));
            });
        });
    }

    template <class Panel>
    static void multiply_two(const Panel& panel0, const Panel& panel1, const ActivationCell& x, float* y0, float* y1) {
        half_block(panel0, panel1, x, 0, y0, y1);
        half_block(panel0, panel1, x, 8, y0, y1);
    }

    static void row_wise(const mixllm_cpu_weight& w, const Activations& a, int64_t row, float* y,
                         const PanelGroup4* panel) {
        const int64_t row_bytes = w.n_inputs / 2;
        const uint8_t* packed = w.w4 + row * row_bytes;
        const __m512i mask = _mm512_set1_epi8(15);
        __m512 sum = _mm512_setzero_ps();
        for (int64_t g = 0; g < a.groups; g++) {
            const NextTile next(w, row, g, panel);
            const ActivationCell x = activation_cell(a, 0, g);
            const __mmask64 inside = first_bytes(row_bytes - g * 64);
            const __m512i x0 = _mm512_loadu_si512(x.q);
            const __m512i x1 = _mm512_loadu_si512(x.q + 64);
            // The inputs of low and of high nibbles alternate by 16.
            const __m512i x_low = _mm512_permutex2var_epi64(x0, _mm512_set_epi64(13, 12, 9, 8, 5, 4, 1, 0), x1);
            const __m512i x_high = _mm512_permutex2var_epi64(x0, _mm512_set_epi64(15, 14, 11, 10, 7, 6, 3, 2), x1);
            __m512i dots[16];
            unrolled<16>([&](auto r) MIXLLM_INLINE {
                next.prefetch(r);
                const __m512i q = _mm512_maskz_loadu_epi8(inside, packed + r * row_bytes + g * 64);
                const __m512i low = _mm512_and_si512(q, mask);
                const __m512i high = _mm512_and_si512(_mm512_srli_epi16(q, 4), mask);
                dots[r] = _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(_mm512_setzero_si512(), low, x_low), high, x_high);
            });
            const __m512i zeros = load_zeros(w.w4_zero + (g * w.n4 + row) / 2);
            const __m512i dot = _mm512_sub_epi32(sum_lanes(dots), _mm512_mullo_epi32(zeros, _mm512_set1_epi32(*x.sum)));
            const __m512 part = _mm512_mul_ps(_mm512_cvtepi32_ps(dot), _mm512_set1_ps(*x.scale));
            sum = _mm512_fmadd_ps(part, load_scales(w.w4_scale + g * w.n4 + row), sum);
        }
        _mm512_store_ps(y, sum);
    }

    static void row_wise(const mixllm_cpu_weight& w, const Activations& a, int64_t row, float* y,
                         const PanelGroup8* panel) {
        const int8_t* rows = w.w8 + row * w.n_inputs;
        const __m512i flip = _mm512_set1_epi8((char)-128);
        __m512 sum = _mm512_setzero_ps();
        for (int64_t g = 0; g < a.groups; g++) {
            const NextTile next(w, row, g, panel);
            const ActivationCell x = activation_cell(a, 0, g);
            const int64_t left = w.n_inputs - g * MIXLLM_GROUP_SIZE;
            const __mmask64 inside0 = first_bytes(left);
            const __mmask64 inside1 = first_bytes(left - 64);
            const __m512i x0 = _mm512_loadu_si512(x.q);
            const __m512i x1 = _mm512_loadu_si512(x.q + 64);
            __m512i dots[16];
            unrolled<16>([&](auto r) MIXLLM_INLINE {
                next.prefetch(r);
                const int8_t* q = rows + r * w.n_inputs + g * MIXLLM_GROUP_SIZE;
                // q + 128 is unsigned; the 128 sum x it adds is taken off below.
                const __m512i q0 = _mm512_xor_si512(_mm512_maskz_loadu_epi8(inside0, q), flip);
                const __m512i q1 = _mm512_xor_si512(_mm512_maskz_loadu_epi8(inside1, q + 64), flip);
                dots[r] = _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(_mm512_setzero_si512(), q0, x0), q1, x1);
            });
            const __m512i dot = _mm512_sub_epi32(sum_lanes(dots), _mm512_set1_epi32(128 * *x.sum));
            const __m512 part = _mm512_mul_ps(_mm512_cvtepi32_ps(dot), _mm512_set1_ps(*x.scale));
            sum = _mm512_fmadd_ps(part, load_scales(w.w8_scale + g * w.n8 + row), sum);
        }
        _mm512_store_ps(y, sum);
    }
};

} // namespace

extern const KernelSet kernels_avx512_vnni;
const KernelSet kernels_avx512_vnni = {
    "avx512-vnni", runs_here, quantize_group, interleave, mul_mat<Avx512Vnni>, tile_rows<Avx512Vnni>, true};
