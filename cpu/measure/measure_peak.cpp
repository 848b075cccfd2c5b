#include "measure_peak.h"

#include <cstring>

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__aarch64__))

// Twelve independent copies of an instruction, so that its latency is hidden.
#    define TWELVE(before, reg, after)                                                                                 \
        before reg "0" after before reg "1" after before reg "2" after before reg "3" after before reg                 \
                   "4" after before reg "5" after before reg "6" after before reg "7" after before reg                 \
                   "8" after before reg "9" after before reg "10" after before reg "11" after

#    if defined(__x86_64__)
#        define LOOP(body)                                                                                             \
            asm volatile(".p2align 6\n1:\n" body "dec %0\njnz 1b\n"                                                    \
                         : "+r"(n)                                                                                     \
                         :                                                                                             \
                         : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",       \
                           "xmm10", "xmm11", "xmm12")

static int operations_per_instruction(const char* isa) {
    return std::strcmp(isa, "avx512-vnni") == 0                                 ? 128
           : std::strcmp(isa, "avx-vnni") == 0 || std::strcmp(isa, "avx2") == 0 ? 64
                                                                                : 0;
}

static void run(const char* isa, long n) {
    if (std::strcmp(isa, "avx512-vnni") == 0) {
        LOOP(TWELVE("vpdpbusd %%zmm12, %%zmm12, %%", "zmm", "\n"));
        asm volatile("vzeroupper");
    } else if (std::strcmp(isa, "avx-vnni") == 0) {
        LOOP(TWELVE("%{vex%} vpdpbusd %%ymm12, %%ymm12, %%", "ymm", "\n"));
        asm volatile("vzeroupper");
    } else {
        LOOP(TWELVE("vpmaddubsw %%ymm12, %%ymm12, %%", "ymm", "\n"));
        asm volatile("vzeroupper");
    }
}
#    else
#        define LOOP(body)                                                                                             \
            asm volatile(".arch armv8.2-a+dotprod+i8mm\n.p2align 6\n1:\n" body "subs %0, %0, #1\nb.ne 1b\n"            \
                         : "+r"(n)                                                                                     \
                         :                                                                                             \
                         : "cc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12")

static int operations_per_instruction(const char* isa) {
    return std::strcmp(isa, "neon-i8mm") == 0 ? 64 : std::strcmp(isa, "neon-dotprod") == 0 ? 32 : 0;
}

static void run(const char* isa, long n) {
    if (std::strcmp(isa, "neon-i8mm") == 0) {
        LOOP(TWELVE("smmla ", "v", ".4s, v12.16b, v12.16b\n"));
    } else {
        LOOP(TWELVE("sdot ", "v", ".4s, v12.16b, v12.16b\n"));
    }
}
#    endif

double measure_peak(const char* isa, double seconds, double (*clock)()) {
    const int operations = operations_per_instruction(isa);
    if (operations == 0) {
        return 0;
    }
    const long batch = 100000;
    double done = 0;
    const double start = clock();
    double now = start;
    while (now - start < seconds) {
        run(isa, batch);
        done += 12.0 * batch * operations;
        now = clock();
    }
    return done / (now - start) * 1e-9;
}

#else

double measure_peak(const char*, double, double (*)()) {
    return 0;
}

#endif
