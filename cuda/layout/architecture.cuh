#pragma once

// What the architecture being compiled for has. On the host, and in the emulation, everything: the launchers choose.

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
constexpr bool HAS_INT8_MMA = false;
#else
constexpr bool HAS_INT8_MMA = true; // mma.m16n8k32 on int8, cp.async, ldmatrix, L2 cache hints
#endif

#if defined(__CUDA_ARCH__) && !defined(__CUDA_ARCH_FEAT_SM90_ALL)
constexpr bool HAS_WGMMA = false;
#else
constexpr bool HAS_WGMMA = true;    // wgmma, mbarriers and bulk copies: sm_90a
#endif
