#pragma once

#if defined(_MSC_VER) && !defined(__clang__)
#    include <intrin.h>
#endif

// A hint: never faults, whatever the address.
static inline void prefetch_to_l2(const void* address) {
#if defined(__GNUC__) || defined(__clang__)
    __builtin_prefetch(address, 0, 2);
#elif defined(_M_X64)
    _mm_prefetch((const char*)address, _MM_HINT_T1);
#else
    (void)address;
#endif
}

// The same for what will be written soon, to L1.
static inline void prefetch_to_write(const void* address) {
#if defined(__GNUC__) || defined(__clang__)
    __builtin_prefetch(address, 1, 3);
#else
    (void)address;
#endif
}
