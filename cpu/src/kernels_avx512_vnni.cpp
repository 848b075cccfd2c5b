// AVX512 with VNNI: a 16-row tile at a time.

#include "cpu_features.h"
#include "kernel_set.h"

#include <immintrin.h>

static bool runs_here() {
    return cpu_features().avx512_vnni;
}

static void quantize_group(const float* x, int64_t n, int8_t* natural, int8_t* split, float* scale, int32_t* sum) {
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
        for (int i = 0; i < 2; i++) {
            _mm512_storeu_si512(natural + i * 64, _mm512_setzero_si512());
            _mm512_storeu_si512(split + i * 64, _mm512_setzero_si512());
        }
        _mm_store_ss(scale, _mm_castsi128_ps(_mm_cvtsi32_si128(finite ? 0 : 0x7FC00000)));
        *sum = 0;
        return;
    }
    const __m512 s = _mm512_castsi512_ps(_mm512_set1_epi32((int)scale_bits));
    __m512i total = _mm512_setzero_si512();
    __m128i bytes[8];
    for (int i = 0; i < 8; i++) {
        const __m512 quotient = _mm512_div_ps(_mm512_castsi512_ps(bits[i]), s);
        __m512i q = _mm512_cvt_roundps_epi32(quotient, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        q = _mm512_max_epi32(_mm512_min_epi32(q, _mm512_set1_epi32(127)), _mm512_set1_epi32(-127));
        total = _mm512_add_epi32(total, q);
        bytes[i] = _mm512_cvtepi32_epi8(q);
    }
    for (int i = 0; i < 8; i++) {
        _mm_storeu_si128((__m128i*)natural + i, bytes[i]);
        _mm_storeu_si128((__m128i*)split + i / 2 + i % 2 * 4, bytes[i]);
    }
    _mm_store_ss(scale, _mm_castsi128_ps(_mm_cvtsi32_si128((int)scale_bits)));
    *sum = _mm512_reduce_add_epi32(total);
}

// Lane i of the result is the sum of the lanes of sums[i].
static inline __m512i sum_lanes(const __m512i sums[16]) {
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

static inline __m512 load_scales(const uint16_t* scales) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)scales));
}

// The zero points of 16 rows as int32.
static inline __m512i load_zeros(const uint8_t* zeros) {
    uint64_t packed;
    __builtin_memcpy(&packed, zeros, sizeof packed);
    const __m128i bytes = _mm_cvtsi64_si128((long long)packed);
    const __m128i low = _mm_and_si128(bytes, _mm_set1_epi8(15));
    const __m128i high = _mm_and_si128(_mm_srli_epi16(bytes, 4), _mm_set1_epi8(15));
    return _mm512_cvtepu8_epi32(_mm_unpacklo_epi8(low, high));
}

static void tile4(const mixllm_weight& w, const Activations& a, int64_t token, float* y, int64_t row) {
    const int64_t row_bytes = w.n_inputs / 2;
    const uint8_t* packed = w.w4 + row * row_bytes;
    const __m512i mask = _mm512_set1_epi8(15);
    __m512 acc = _mm512_setzero_ps();
    for (int64_t g = 0; g < a.groups; g++) {
        const int64_t cell = token * a.groups + g;
        const int64_t left = row_bytes - g * 64;
        const __mmask64 inside = left >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << left) - 1;
        const __m512i x_low = _mm512_loadu_si512(a.split + cell * MIXLLM_GROUP_SIZE);
        const __m512i x_high = _mm512_loadu_si512(a.split + cell * MIXLLM_GROUP_SIZE + 64);
        __m512i dots[16];
        for (int r = 0; r < 16; r++) {
            const __m512i q = _mm512_maskz_loadu_epi8(inside, packed + r * row_bytes + g * 64);
            const __m512i low = _mm512_and_si512(q, mask);
            const __m512i high = _mm512_and_si512(_mm512_srli_epi16(q, 4), mask);
            dots[r] = _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(_mm512_setzero_si512(), low, x_low), high, x_high);
        }
        const __m512i zeros = load_zeros(w.w4_zero + (g * w.n4 + row) / 2);
        const __m512i dot =
            _mm512_sub_epi32(sum_lanes(dots), _mm512_mullo_epi32(zeros, _mm512_set1_epi32(a.sum[cell])));
        const __m512 part = _mm512_mul_ps(_mm512_cvtepi32_ps(dot), _mm512_set1_ps(a.scale[cell]));
        acc = _mm512_fmadd_ps(part, load_scales(w.w4_scale + g * w.n4 + row), acc);
    }
    float out[16];
    _mm512_storeu_ps(out, acc);
    for (int r = 0; r < 16; r++) {
        y[w.rows[row + r]] = out[r];
    }
}

static void tile8(const mixllm_weight& w, const Activations& a, int64_t token, float* y, int64_t row) {
    const int8_t* rows = w.w8 + row * w.n_inputs;
    const __m512i flip = _mm512_set1_epi8((char)-128);
    __m512 acc = _mm512_setzero_ps();
    for (int64_t g = 0; g < a.groups; g++) {
        const int64_t cell = token * a.groups + g;
        const int64_t left = w.n_inputs - g * MIXLLM_GROUP_SIZE;
        const __mmask64 inside0 = left >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << left) - 1;
        const __mmask64 inside1 = left >= 128 ? ~(__mmask64)0 : left <= 64 ? 0 : ((__mmask64)1 << (left - 64)) - 1;
        const __m512i x0 = _mm512_loadu_si512(a.natural + cell * MIXLLM_GROUP_SIZE);
        const __m512i x1 = _mm512_loadu_si512(a.natural + cell * MIXLLM_GROUP_SIZE + 64);
        __m512i dots[16];
        for (int r = 0; r < 16; r++) {
            const int8_t* q = rows + r * w.n_inputs + g * MIXLLM_GROUP_SIZE;
            // q + 128 is unsigned; the 128 sum x it adds is taken off below.
            const __m512i q0 = _mm512_xor_si512(_mm512_maskz_loadu_epi8(inside0, q), flip);
            const __m512i q1 = _mm512_xor_si512(_mm512_maskz_loadu_epi8(inside1, q + 64), flip);
            dots[r] = _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(_mm512_setzero_si512(), q0, x0), q1, x1);
        }
        const __m512i dot = _mm512_sub_epi32(sum_lanes(dots), _mm512_set1_epi32(128 * a.sum[cell]));
        const __m512 part = _mm512_mul_ps(_mm512_cvtepi32_ps(dot), _mm512_set1_ps(a.scale[cell]));
        acc = _mm512_fmadd_ps(part, load_scales(w.w8_scale + g * w.n8 + row), acc);
    }
    float out[16];
    _mm512_storeu_ps(out, acc);
    for (int r = 0; r < 16; r++) {
        y[w.rows[w.n4 + row + r]] = out[r];
    }
}

static void mul_mat(const mixllm_weight& weight, const Activations& activations, int64_t tokens, float* y,
                    int64_t y_stride, const Share& share) {
    for (int64_t tile = share.first4; tile < share.last4; tile++) {
        for (int64_t t = 0; t < tokens; t++) {
            tile4(weight, activations, t, y + t * y_stride, tile * MIXLLM_TILE_ROWS);
        }
    }
    for (int64_t tile = share.first8; tile < share.last8; tile++) {
        for (int64_t t = 0; t < tokens; t++) {
            tile8(weight, activations, t, y + t * y_stride, tile * MIXLLM_TILE_ROWS);
        }
    }
}

extern const KernelSet kernels_avx512_vnni;
const KernelSet kernels_avx512_vnni = {"avx512-vnni", runs_here, quantize_group, mul_mat};
