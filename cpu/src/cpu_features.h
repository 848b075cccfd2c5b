#pragma once

// What this processor and operating system can run.
struct CpuFeatures {
    bool avx2 = false; // with FMA and F16C
    bool avx_vnni = false;
    bool avx512_vnni = false; // with AVX512F, BW, DQ and VL
    bool neon_dotprod = false;
    bool neon_i8mm = false;
};

const CpuFeatures& cpu_features();
