#include "cpu_features.h"

#include <cstdint>

#if defined(MIXLLM_X86)
#    if defined(_MSC_VER)
#        include <immintrin.h>
#        include <intrin.h>
#    else
#        include <cpuid.h>
#    endif
#elif defined(MIXLLM_ARM64)
#    if defined(__linux__)
#        include <sys/auxv.h>
#    elif defined(__APPLE__)
#        include <sys/sysctl.h>
#    elif defined(_WIN32)
#        include <windows.h>
#    endif
#endif

#if defined(MIXLLM_X86)

struct CpuidResult {
    uint32_t eax, ebx, ecx, edx;
};

static CpuidResult cpuid(uint32_t leaf, uint32_t subleaf) {
    CpuidResult r = {};
#    if defined(_MSC_VER)
    int regs[4];
    __cpuidex(regs, (int)leaf, (int)subleaf);
    r = {(uint32_t)regs[0], (uint32_t)regs[1], (uint32_t)regs[2], (uint32_t)regs[3]};
#    else
    __cpuid_count(leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx);
#    endif
    return r;
}

static uint64_t enabled_register_state() {
#    if defined(_MSC_VER)
    return _xgetbv(0);
#    else
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
#    endif
}

static bool bit(uint32_t word, int index) {
    return (word >> index & 1) != 0;
}

static CpuFeatures detect() {
    CpuFeatures f;
    const uint32_t last_leaf = cpuid(0, 0).eax;
    const CpuidResult one = cpuid(1, 0);
    const bool osxsave = bit(one.ecx, 27);
    if (last_leaf < 7 || !osxsave) {
        return f;
    }
    const uint64_t state = enabled_register_state();
    const bool ymm = (state & 0x6) == 0x6;
    const bool zmm = (state & 0xE6) == 0xE6;
    const CpuidResult seven = cpuid(7, 0);
    const CpuidResult seven_one = seven.eax >= 1 ? cpuid(7, 1) : CpuidResult{};
    const bool fma = bit(one.ecx, 12);
    const bool f16c = bit(one.ecx, 29);
    f.avx2 = ymm && bit(seven.ebx, 5) && fma && f16c;
    f.avx_vnni = f.avx2 && bit(seven_one.eax, 4);
    const bool avx512 = bit(seven.ebx, 16) && bit(seven.ebx, 17) && bit(seven.ebx, 30) && bit(seven.ebx, 31);
    f.avx512_vnni = f.avx2 && zmm && avx512 && bit(seven.ecx, 11);
    f.stops_at_pages = cpuid(0, 0).ebx == 0x756E6547; // "Genu"ineIntel
    return f;
}

#elif defined(MIXLLM_ARM64)

static CpuFeatures detect() {
    CpuFeatures f;
#    if defined(__linux__)
    f.neon_dotprod = (getauxval(AT_HWCAP) >> 20 & 1) != 0; // HWCAP_ASIMDDP
    f.neon_i8mm = (getauxval(AT_HWCAP2) >> 13 & 1) != 0;   // HWCAP2_I8MM
#    elif defined(__APPLE__)
    const auto has = [](const char* name) {
        int value = 0;
        size_t size = sizeof value;
        return sysctlbyname(name, &value, &size, nullptr, 0) == 0 && value != 0;
    };
    f.neon_dotprod = has("hw.optional.arm.FEAT_DotProd");
    f.neon_i8mm = has("hw.optional.arm.FEAT_I8MM");
#    elif defined(_WIN32)
    f.neon_dotprod = IsProcessorFeaturePresent(43) != 0; // PF_ARM_V82_DP_INSTRUCTIONS_AVAILABLE
#    endif
    return f;
}

#else

static CpuFeatures detect() {
    return CpuFeatures();
}

#endif

const CpuFeatures& cpu_features() {
    static const CpuFeatures features = detect();
    return features;
}
