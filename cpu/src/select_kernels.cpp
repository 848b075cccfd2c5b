#include "select_kernels.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

extern const KernelSet kernels_avx512_vnni, kernels_avx_vnni, kernels_avx2;
extern const KernelSet kernels_neon_i8mm, kernels_neon_dotprod;
extern const KernelSet kernels_portable;

const KernelSet* const* all_kernels() {
    static const KernelSet* const sets[] = {
#ifdef MIXLLM_HAS_AVX512_VNNI
        &kernels_avx512_vnni,
#endif
#ifdef MIXLLM_HAS_AVX_VNNI
        &kernels_avx_vnni,
#endif
#ifdef MIXLLM_HAS_AVX2
        &kernels_avx2,
#endif
#ifdef MIXLLM_HAS_NEON_I8MM
        &kernels_neon_i8mm,
#endif
#ifdef MIXLLM_HAS_NEON_DOTPROD
        &kernels_neon_dotprod,
#endif
        &kernels_portable,     nullptr,
    };
    return sets;
}

static const KernelSet& choose() {
    const KernelSet* const* sets = all_kernels();
    const char* wanted = std::getenv("MIXLLM_CPU_ISA");
    if (wanted != nullptr && *wanted != '\0') {
        for (int i = 0; sets[i] != nullptr; i++) {
            if (std::strcmp(sets[i]->isa, wanted) == 0 && sets[i]->runs_here()) {
                return *sets[i];
            }
        }
        std::fprintf(stderr, "mixllm: MIXLLM_CPU_ISA=%s is not available on this machine; choose one of:", wanted);
        for (int i = 0; sets[i] != nullptr; i++) {
            if (sets[i]->runs_here()) {
                std::fprintf(stderr, " %s", sets[i]->isa);
            }
        }
        std::fprintf(stderr, ". Using the best of them.\n");
    }
    int best = 0;
    while (!sets[best]->runs_here()) {
        best++;
    }
    return *sets[best];
}

const KernelSet& select_kernels() {
    static const KernelSet& chosen = choose();
    return chosen;
}
