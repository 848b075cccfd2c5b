#pragma once

#include <utility>

#if defined(_MSC_VER) && !defined(__clang__)
#    define MIXLLM_INLINE [[msvc::forceinline]]
#else
#    define MIXLLM_INLINE __attribute__((always_inline))
#endif

namespace {

template <class Body, int... i>
MIXLLM_INLINE inline void unrolled_by(std::integer_sequence<int, i...>, Body&& body) {
    (body(std::integral_constant<int, i>()), ...);
}

// body(0), body(1), ... body(count - 1) with constant arguments: arrays they index live in registers, whatever the
// compiler thinks of unrolling a loop. Write bodies as [&](auto i) MIXLLM_INLINE { ... }.
template <int count, class Body>
MIXLLM_INLINE inline void unrolled(Body&& body) {
    unrolled_by(std::make_integer_sequence<int, count>(), body);
}

} // namespace
