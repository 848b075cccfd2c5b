#pragma once

// What this processor and operating system can run.
struct CpuFeatures {
    bool avx2 = false; // with FMA and F16C
    bool avx_vnni = false;
    bool avx512_vnni = false; // with AVX512F, BW, DQ and VL
    bool neon_dotprod = false;
    bool neon_i8mm = false;
    // Whether hardware prefetching of one stream comes to a stop at the end of each page of 4 KiB, huge pages included.
    bool stops_at_pages = false;
};

const CpuFeatures& cpu_features();
