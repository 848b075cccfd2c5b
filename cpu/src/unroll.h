#ifndef MIXLLM_UNROLL_H
#define MIXLLM_UNROLL_H

// Before a loop of a constant number of turns, at most 32: unrolls it whole, so that arrays it walks live in registers.
#if defined(__clang__)
#    define MIXLLM_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#    define MIXLLM_UNROLL _Pragma("GCC unroll 32")
#else
#    define MIXLLM_UNROLL
#endif

#endif
