// What the 256-bit x86 paths share. Included by kernels_avx2.cpp and kernels_avx_vnni.cpp inside an unnamed namespace.

inline void quantize_group(const float* x, int64_t n, int8_t* q, float* scale, int32_t* sum) {
    const __m256i magnitude = _mm256_set1_epi32(0x7FFFFFFF);
    __m256i bits[16];
    __m256i largest = _mm256_setzero_si256();
    for (int i = 0; i < 16; i++) {
        bits[i] = i * 8 < n ? _mm256_loadu_si256((const __m256i*)(x + i * 8)) : _mm256_setzero_si256();
        largest = _mm256_max_epu32(largest, _mm256_and_si256(bits[i], magnitude));
    }
    __m128i m = _mm_max_epu32(_mm256_castsi256_si128(largest), _mm256_extracti128_si256(largest, 1));
    m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0x4E));
    m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0xB1));
    const uint32_t amax = (uint32_t)_mm_cvtsi128_si32(m);
    const __m128 divided = _mm_div_ss(_mm_castsi128_ps(m), _mm_set_ss(127.0f));
    const uint32_t scale_bits = (uint32_t)_mm_cvtsi128_si32(_mm_castps_si128(divided)) & 0xFFFFFFFC;
    const bool finite = amax < 0x7F800000;
    if (!finite || scale_bits < 0x00800000) {
        memset(q, 0, MIXLLM_GROUP_SIZE);
        _mm_store_ss(scale, _mm_castsi128_ps(_mm_cvtsi32_si128(finite ? 0 : 0x7FC00000)));
        *sum = 0;
        return;
    }
    const __m256 s = _mm256_castsi256_ps(_mm256_set1_epi32((int)scale_bits));
    __m256i total = _mm256_setzero_si256();
    for (int i = 0; i < 16; i += 4) {
        __m256i v[4];
        for (int k = 0; k < 4; k++) {
            const __m256 quotient = _mm256_div_ps(_mm256_castsi256_ps(bits[i + k]), s);
            const __m256 rounded = _mm256_round_ps(quotient, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
            v[k] = _mm256_cvtps_epi32(rounded);
            v[k] = _mm256_max_epi32(_mm256_min_epi32(v[k], _mm256_set1_epi32(127)), _mm256_set1_epi32(-127));
            total = _mm256_add_epi32(total, v[k]);
        }
        const __m256i packed = _mm256_packs_epi16(_mm256_packs_epi32(v[0], v[1]), _mm256_packs_epi32(v[2], v[3]));
        const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        _mm256_storeu_si256((__m256i*)(q + i * 8), _mm256_permutevar8x32_epi32(packed, order));
    }
    __m128i t = _mm_add_epi32(_mm256_castsi256_si128(total), _mm256_extracti128_si256(total, 1));
    t = _mm_add_epi32(t, _mm_shuffle_epi32(t, 0x4E));
    t = _mm_add_epi32(t, _mm_shuffle_epi32(t, 0xB1));
    *sum = _mm_cvtsi128_si32(t);
    _mm_store_ss(scale, _mm_castsi128_ps(_mm_cvtsi32_si128((int)scale_bits)));
}

// Lane i of the result is the sum of the lanes of sums[i].
inline __m256i sum_lanes(const __m256i sums[8]) {
    __m256i quads[2];
    for (int i = 0; i < 2; i++) {
        const __m256i* v = sums + i * 4;
        const __m256i a = _mm256_add_epi32(_mm256_unpacklo_epi32(v[0], v[1]), _mm256_unpackhi_epi32(v[0], v[1]));
        const __m256i b = _mm256_add_epi32(_mm256_unpacklo_epi32(v[2], v[3]), _mm256_unpackhi_epi32(v[2], v[3]));
        quads[i] = _mm256_add_epi32(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
    }
    return _mm256_add_epi32(_mm256_permute2x128_si256(quads[0], quads[1], 0x20),
                            _mm256_permute2x128_si256(quads[0], quads[1], 0x31));
}

inline __m256i load(const void* from) {
    return _mm256_loadu_si256((const __m256i*)from);
}

// Eight words of eight rows `stride` bytes apart; word k of row r goes to out[k][r].
inline void transpose(const uint8_t* from, int64_t stride, uint32_t (*out)[MIXLLM_ROW_TILE], __m256i flip) {
    __m256i rows[8], pairs[8];
    for (int r = 0; r < 8; r++) {
        rows[r] = _mm256_xor_si256(load(from + r * stride), flip);
    }
    for (int i = 0; i < 8; i += 4) {
        const __m256i a = _mm256_unpacklo_epi32(rows[i], rows[i + 1]);
        const __m256i b = _mm256_unpackhi_epi32(rows[i], rows[i + 1]);
        const __m256i c = _mm256_unpacklo_epi32(rows[i + 2], rows[i + 3]);
        const __m256i d = _mm256_unpackhi_epi32(rows[i + 2], rows[i + 3]);
        pairs[i] = _mm256_unpacklo_epi64(a, c);
        pairs[i + 1] = _mm256_unpackhi_epi64(a, c);
        pairs[i + 2] = _mm256_unpacklo_epi64(b, d);
        pairs[i + 3] = _mm256_unpackhi_epi64(b, d);
    }
    for (int k = 0; k < 4; k++) {
        _mm256_storeu_si256((__m256i*)out[k], _mm256_permute2x128_si256(pairs[k], pairs[k + 4], 0x20));
        _mm256_storeu_si256((__m256i*)out[4 + k], _mm256_permute2x128_si256(pairs[k], pairs[k + 4], 0x31));
    }
}

// Rows [16][bytes] of `width` bytes of which `left` are there; the rest becomes zeros in `padded` [16][width].
inline const uint8_t* whole_rows(const uint8_t* from, int64_t* stride, int64_t left, int width, uint8_t* padded) {
    if (left >= width) {
        return from;
    }
    memset(padded, 0, (size_t)(MIXLLM_ROW_TILE * width));
    for (int r = 0; r < MIXLLM_ROW_TILE; r++) {
        memcpy(padded + r * width, from + r * *stride, (size_t)left);
    }
    *stride = width;
    return padded;
}

inline void load_scales(const uint16_t* from, float* scales) {
    for (int half = 0; half < 2; half++) {
        _mm256_store_ps(scales + half * 8, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)(from + half * 8))));
    }
}

inline void load_zeros(const uint8_t* from, int32_t* zeros) {
    const __m128i bytes = _mm_loadl_epi64((const __m128i*)from);
    const __m128i low = _mm_and_si128(bytes, _mm_set1_epi8(15));
    const __m128i high = _mm_and_si128(_mm_srli_epi16(bytes, 4), _mm_set1_epi8(15));
    const __m128i all = _mm_unpacklo_epi8(low, high);
    _mm256_store_si256((__m256i*)zeros, _mm256_cvtepu8_epi32(all));
    _mm256_store_si256((__m256i*)(zeros + 8), _mm256_cvtepu8_epi32(_mm_srli_si128(all, 8)));
}

// How a path that keeps w + `zero` for each 8-bit weight w makes its panels; zero is 128 (as unsigned) or 0.
template <int zero>
struct Panels256 {
    using Rows = EachRow;
    static constexpr bool has_tile_kernels = false;
    static constexpr int zero8 = zero;

    static void pack(const mixllm_cpu_weight& w, int64_t row, int64_t group, PanelGroup4& panel) {
        int64_t stride = w.n_inputs / 2;
        alignas(32) uint8_t padded[MIXLLM_ROW_TILE * 64];
        const uint8_t* from = whole_rows(w.w4 + row * stride + group * 64, &stride, stride - group * 64, 64, padded);
        for (int i = 0; i < 4; i++) {
            transpose(from + i / 2 * 8 * stride + i % 2 * 32, stride,
                      (uint32_t(*)[MIXLLM_ROW_TILE])(panel.q[i % 2 * 8] + i / 2 * 8), _mm256_setzero_si256());
        }
    }

    static void pack(const mixllm_cpu_weight& w, int64_t row, int64_t group, PanelGroup8& panel) {
        int64_t stride = w.n_inputs;
        alignas(32) uint8_t padded[MIXLLM_ROW_TILE * MIXLLM_GROUP_SIZE];
        const uint8_t* from = whole_rows((const uint8_t*)w.w8 + row * stride + group * MIXLLM_GROUP_SIZE, &stride,
                                         stride - group * MIXLLM_GROUP_SIZE, MIXLLM_GROUP_SIZE, padded);
        for (int i = 0; i < 8; i++) {
            transpose(from + i / 4 * 8 * stride + i % 4 * 32, stride,
                      (uint32_t(*)[MIXLLM_ROW_TILE])(panel.q[i % 4 * 8] + i / 4 * 8), _mm256_set1_epi8((char)zero));
        }
    }

    static void header(const uint16_t* scales, const uint8_t* zeros, PanelGroup4& panel) {
        load_scales(scales, panel.scale);
        load_zeros(zeros, panel.zero);
    }

    static void header(const uint16_t* scales, const uint8_t*, PanelGroup8& panel) {
        load_scales(scales, panel.scale);
        _mm256_store_si256((__m256i*)panel.zero, _mm256_set1_epi32(zero));
        _mm256_store_si256((__m256i*)(panel.zero + 8), _mm256_set1_epi32(zero));
    }
};

inline __m256i four_inputs(const ActivationCell& x, int word, int tokens, int token) {
    int32_t inputs;
    memcpy(&inputs, x.q + (word * tokens + token) * 4, sizeof inputs);
    return _mm256_set1_epi32(inputs);
}

// y[8] += (dots - zero sum x) s_x s_w for half a tile and one token.
inline void accumulate(__m256i dots, const float* scale, const int32_t* zero, int32_t x_sum, float x_scale, float* y) {
    const __m256i zeros = _mm256_mullo_epi32(_mm256_load_si256((const __m256i*)zero), _mm256_set1_epi32(x_sum));
    const __m256 part = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(dots, zeros)), _mm256_broadcast_ss(&x_scale));
    _mm256_store_ps(y, _mm256_fmadd_ps(part, _mm256_load_ps(scale), _mm256_load_ps(y)));
}

// The inputs of one group as 4-bit rows keep them: those in low and those in high nibbles of the first and second 32
// bytes.
struct SplitInputs {
    __m256i low[2], high[2];
    explicit SplitInputs(const int8_t* q) {
        for (int i = 0; i < 2; i++) {
            const __m256i a = load(q + i * 64);
            const __m256i b = load(q + i * 64 + 32);
            low[i] = _mm256_permute2x128_si256(a, b, 0x20);
            high[i] = _mm256_permute2x128_si256(a, b, 0x31);
        }
    }
};

// The single-token product, row by row. `Isa::dot` gives the lane sums of one row's group.
template <class Isa>
void rows_of_one_token(const mixllm_cpu_weight& w, const Activations& a, int64_t row, float* y,
                       const PanelGroup4* panel) {
    alignas(32) float scale[MIXLLM_ROW_TILE];
    alignas(32) int32_t zero[MIXLLM_ROW_TILE];
    alignas(32) uint8_t padded[MIXLLM_ROW_TILE * 64];
    memset(y, 0, MIXLLM_ROW_TILE * sizeof(float));
    for (int64_t g = 0; g < a.groups; g++) {
        const NextTile next(w, row, g, panel);
        const ActivationCell x = activation_cell(a, 0, g);
        const SplitInputs inputs(x.q);
        int64_t stride = w.n_inputs / 2;
        const uint8_t* from = whole_rows(w.w4 + row * stride + g * 64, &stride, stride - g * 64, 64, padded);
        load_scales(w.w4_scale + g * w.n4 + row, scale);
        load_zeros(w.w4_zero + (g * w.n4 + row) / 2, zero);
        for (int half = 0; half < 2; half++) {
            __m256i dots[8];
            for (int r = 0; r < 8; r++) {
                next.prefetch(half * 8 + r);
                dots[r] = Isa::dot(from + (half * 8 + r) * stride, inputs);
            }
            accumulate(sum_lanes(dots), scale + half * 8, zero + half * 8, *x.sum, *x.scale, y + half * 8);
        }
    }
}

template <class Isa>
void rows_of_one_token(const mixllm_cpu_weight& w, const Activations& a, int64_t row, float* y,
                       const PanelGroup8* panel) {
    alignas(32) float scale[MIXLLM_ROW_TILE];
    alignas(32) int32_t zero[8];
    alignas(32) uint8_t padded[MIXLLM_ROW_TILE * MIXLLM_GROUP_SIZE];
    _mm256_store_si256((__m256i*)zero, _mm256_set1_epi32(Isa::zero8));
    memset(y, 0, MIXLLM_ROW_TILE * sizeof(float));
    for (int64_t g = 0; g < a.groups; g++) {
        const NextTile next(w, row, g, panel);
        const ActivationCell x = activation_cell(a, 0, g);
        int64_t stride = w.n_inputs;
        const uint8_t* from = whole_rows((const uint8_t*)w.w8 + row * stride + g * MIXLLM_GROUP_SIZE, &stride,
                                         stride - g * MIXLLM_GROUP_SIZE, MIXLLM_GROUP_SIZE, padded);
        load_scales(w.w8_scale + g * w.n8 + row, scale);
        for (int half = 0; half < 2; half++) {
            __m256i dots[8];
            for (int r = 0; r < 8; r++) {
                next.prefetch(half * 8 + r);
                dots[r] = Isa::dot(from + (half * 8 + r) * stride, x.q);
            }
            accumulate(sum_lanes(dots), scale + half * 8, zero, *x.sum, *x.scale, y + half * 8);
        }
    }
}
