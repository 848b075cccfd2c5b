#pragma once

#include <algorithm>
#include <cstdint>

namespace mixllm {

struct Range {
    int64_t begin;
    int64_t end;
};

/// The part of `count` items that one of several threads works on: neighbours, in equal shares.
inline Range thread_range(int64_t count, int thread, int threads) {
    const int64_t share = (count + threads - 1) / threads;
    const int64_t begin = std::min(count, share * thread);
    return {begin, std::min(count, begin + share)};
}

} // namespace mixllm
