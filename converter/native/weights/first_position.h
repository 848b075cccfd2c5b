#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace mixllm {

/// The smallest position any thread reported.
class FirstPosition {
public:
    void report(size_t position) {
        size_t seen = smallest.load();
        while (position < seen && !smallest.compare_exchange_weak(seen, position)) {
        }
    }

    /// The smallest position, or -1 when none was reported.
    int64_t get() const { return smallest.load() == nowhere ? -1 : static_cast<int64_t>(smallest.load()); }

private:
    static constexpr size_t nowhere = std::numeric_limits<size_t>::max();
    std::atomic<size_t> smallest{nowhere};
};

} // namespace mixllm
