// What the NEON paths share. Included by kernels_neon_*.cpp inside an unnamed namespace. Weights stay signed here:
// panels keep 8-bit weights as they are, with zero point 0.

inline void quantize_group(const float* x, int64_t n, int8_t* q, float* scale, int32_t* sum) {
    float32x4_t v[32];
    uint32x4_t largest = vdupq_n_u32(0);
    for (int i = 0; i < 32; i++) {
        v[i] = i * 4 < n ? vld1q_f32(x + i * 4) : vdupq_n_f32(0);
        largest = vmaxq_u32(largest, vandq_u32(vreinterpretq_u32_f32(v[i]), vdupq_n_u32(0x7FFFFFFF)));
    }
    const uint32_t amax_bits = vmaxvq_u32(largest);
    float amax;
    memcpy(&amax, &amax_bits, sizeof amax);
    float s = amax / 127.0f;
    uint32_t scale_bits;
    memcpy(&scale_bits, &s, sizeof scale_bits);
    scale_bits &= 0xFFFFFFFC;
    const bool finite = amax_bits < 0x7F800000;
    if (!finite || scale_bits < 0x00800000) {
        const uint32_t nothing = finite ? 0 : 0x7FC00000;
        memcpy(scale, &nothing, sizeof nothing);
        memset(q, 0, MIXLLM_GROUP_SIZE);
        *sum = 0;
        return;
    }
    memcpy(&s, &scale_bits, sizeof s);
    memcpy(scale, &s, sizeof s);
    const float32x4_t divisor = vdupq_n_f32(s);
    int32x4_t total = vdupq_n_s32(0);
    for (int i = 0; i < 32; i += 4) {
        int32x4_t rounded[4];
        for (int k = 0; k < 4; k++) {
            rounded[k] = vcvtnq_s32_f32(vdivq_f32(v[i + k], divisor));
            rounded[k] = vmaxq_s32(vminq_s32(rounded[k], vdupq_n_s32(127)), vdupq_n_s32(-127));
            total = vaddq_s32(total, rounded[k]);
        }
        const int16x8_t low = vcombine_s16(vmovn_s32(rounded[0]), vmovn_s32(rounded[1]));
        const int16x8_t high = vcombine_s16(vmovn_s32(rounded[2]), vmovn_s32(rounded[3]));
        vst1q_s8(q + i * 4, vcombine_s8(vmovn_s16(low), vmovn_s16(high)));
    }
    *sum = vaddvq_s32(total);
}

// Rows [16][width] bytes of which `left` are there; the rest becomes zeros in `padded` [16][width].
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
    for (int i = 0; i < 4; i++) {
        vst1q_f32(scales + i * 4, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from + i * 4))));
    }
}

inline void load_zeros(const uint8_t* from, int32_t* zeros) {
    for (int r = 0; r < MIXLLM_ROW_TILE; r++) {
        zeros[r] = from[r / 2] >> r % 2 * 4 & 15;
    }
}

// Where the packed rows of one group of 16 rows from `row` on lie, [16][64 or 128] at `stride`.
inline const uint8_t* group_rows(const mixllm_cpu_weight& w, int64_t row, int64_t group, int64_t* stride,
                                 uint8_t* padded, const PanelGroup4*) {
    *stride = w.n_inputs / 2;
    return whole_rows(w.w4 + row * *stride + group * 64, stride, *stride - group * 64, 64, padded);
}

inline const uint8_t* group_rows(const mixllm_cpu_weight& w, int64_t row, int64_t group, int64_t* stride,
                                 uint8_t* padded, const PanelGroup8*) {
    *stride = w.n_inputs;
    return whole_rows((const uint8_t*)w.w8 + row * *stride + group * MIXLLM_GROUP_SIZE, stride,
                      *stride - group * MIXLLM_GROUP_SIZE, MIXLLM_GROUP_SIZE, padded);
}

struct Header128 {
    using Rows = EachRow;
    static constexpr bool has_tile_kernels = false;

    static void header(const uint16_t* scales, const uint8_t* zeros, PanelGroup4& panel) {
        load_scales(scales, panel.scale);
        load_zeros(zeros, panel.zero);
    }

    static void header(const uint16_t* scales, const uint8_t*, PanelGroup8& panel) {
        load_scales(scales, panel.scale);
        memset(panel.zero, 0, sizeof panel.zero);
    }
};

// y[4] += (dots - zero sum x) s_x s_w for four rows and one token.
inline void accumulate(int32x4_t dots, const float* scale, const int32_t* zero, int32_t x_sum, float x_scale,
                       float* y) {
    const int32x4_t dot = vmlsq_n_s32(dots, vld1q_s32(zero), x_sum);
    const float32x4_t part = vmulq_n_f32(vcvtq_f32_s32(dot), x_scale);
    vst1q_f32(y, vfmaq_f32(vld1q_f32(y), part, vld1q_f32(scale)));
}

// Lane i of the result is the sum of the lanes of v[i].
inline int32x4_t sum_lanes(const int32x4_t v[4]) {
    return vpaddq_s32(vpaddq_s32(v[0], v[1]), vpaddq_s32(v[2], v[3]));
}

// Lane sums of one row's group: 4-bit, then 8-bit.
inline int32x4_t row_dot(const uint8_t* packed, const int8_t* x, const PanelGroup4*) {
    int32x4_t sums[2] = {vdupq_n_s32(0), vdupq_n_s32(0)};
    for (int i = 0; i < 4; i++) {
        const uint8x16_t q = vld1q_u8(packed + i * 16);
        const int8x16_t low = vreinterpretq_s8_u8(vandq_u8(q, vdupq_n_u8(15)));
        const int8x16_t high = vreinterpretq_s8_u8(vshrq_n_u8(q, 4));
        sums[0] = vdotq_s32(sums[0], low, vld1q_s8(x + i * 32));
        sums[1] = vdotq_s32(sums[1], high, vld1q_s8(x + i * 32 + 16));
    }
    return vaddq_s32(sums[0], sums[1]);
}

inline int32x4_t row_dot(const uint8_t* weights, const int8_t* x, const PanelGroup8*) {
    int32x4_t sums[2] = {vdupq_n_s32(0), vdupq_n_s32(0)};
    for (int i = 0; i < 8; i++) {
        const int8x16_t q = vreinterpretq_s8_u8(vld1q_u8(weights + i * 16));
        sums[i % 2] = vdotq_s32(sums[i % 2], q, vld1q_s8(x + i * 16));
    }
    return vaddq_s32(sums[0], sums[1]);
}

// The single-token product, row by row.
template <class Panel>
void rows_of_one_token(const mixllm_cpu_weight& w, const Activations& a, int64_t row, float* y, const Panel* panel) {
    Panel header;
    uint8_t padded[MIXLLM_ROW_TILE * MIXLLM_GROUP_SIZE];
    memset(y, 0, MIXLLM_ROW_TILE * sizeof(float));
    for (int64_t g = 0; g < a.groups; g++) {
        const NextTile next(w, row, g, panel);
        const ActivationCell x = activation_cell(a, 0, g);
        int64_t stride;
        const uint8_t* from = group_rows(w, row, g, &stride, padded, panel);
        const PartOfWeight part(w, panel);
        Header128::header(part.scales(row, g), part.zeros(row, g), header);
        for (int r = 0; r < MIXLLM_ROW_TILE; r += 4) {
            int32x4_t dots[4];
            for (int i = 0; i < 4; i++) {
                next.prefetch(r + i);
                dots[i] = row_dot(from + (r + i) * stride, x.q, panel);
            }
            accumulate(sum_lanes(dots), header.scale + r, header.zero + r, *x.sum, *x.scale, y + r);
        }
    }
}
