#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace mixllm {

/**
 * Calls `work(index)` for every index in 0..count-1 on up to `threads` threads, the calling one included.
 *
 * Indices are handed out one by one, so results must not depend on which thread takes which. The first exception
 * is thrown again once all threads have stopped.
 */
template <typename Work>
void parallel_items(int threads, size_t count, const Work& work) {
    std::atomic<size_t> next{0};
    std::exception_ptr failure;
    std::mutex failure_lock;
    const auto run = [&] {
        try {
            for (size_t index = next++; index < count; index = next++) {
                work(index);
            }
        } catch (...) {
            const std::lock_guard<std::mutex> guard(failure_lock);
            failure = failure ? failure : std::current_exception();
            next = count;
        }
    };
    std::vector<std::thread> helpers;
    const size_t wanted = std::min(static_cast<size_t>(threads), count);
    try {
        for (size_t i = 1; i < wanted; i++) {
            helpers.emplace_back(run);
        }
    } catch (const std::system_error&) {
        // The system gives no more threads; those there are do the work.
    }
    run();
    for (std::thread& helper : helpers) {
        helper.join();
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
}

/// As `parallel_items` over ranges `[begin, end)` of at most `block` of `count` elements.
template <typename Work>
void parallel_blocks(int threads, size_t count, size_t block, const Work& work) {
    parallel_items(threads, (count + block - 1) / block,
                   [&](size_t index) { work(index * block, std::min(count, (index + 1) * block)); });
}

} // namespace mixllm
