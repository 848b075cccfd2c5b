#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "common/native/job.h"

namespace mixllm {

/// Rows of a matrix that a thread takes at a time.
constexpr size_t rows_per_block = 16;

/// The threads that a job's loops run on. Its cancellation ends them between two pieces of work.
class Workers {
public:
    /**
     * @param threads the calling one included, at least 1
     * @param job must outlive this
     */
    Workers(int threads, const JobControl& job) : threads_(std::max(1, threads)), job_(&job) {}

    /// Of no job.
    explicit Workers(int threads) : threads_(std::max(1, threads)) {}

    int threads() const { return threads_; }

    bool canceled() const { return job_ != nullptr && job_->canceled(); }

    /// @throws CanceledError when the job was canceled
    void throw_if_canceled() const {
        if (canceled()) {
            throw CanceledError();
        }
    }

    /**
     * Calls `work(index)` for every index in 0..count-1.
     *
     * Indices are handed out one by one, so results must not depend on which thread takes which. The first exception,
     * which may be a cancellation, is thrown again once all threads have stopped.
     */
    template <typename Work>
    void for_each(size_t count, const Work& work) const {
        std::atomic<size_t> next{0};
        std::exception_ptr failure;
        std::mutex failure_lock;
        const auto run = [&] {
            try {
                for (size_t index = next++; index < count; index = next++) {
                    throw_if_canceled();
                    work(index);
                }
            } catch (...) {
                const std::lock_guard<std::mutex> guard(failure_lock);
                failure = failure ? failure : std::current_exception();
                next = count;
            }
        };
        std::vector<std::thread> helpers;
        const size_t wanted = std::min(static_cast<size_t>(threads_), count);
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

    /// As `for_each` over ranges `[begin, end)` of at most `block` of `count` elements.
    template <typename Work>
    void for_each_block(size_t count, size_t block, const Work& work) const {
        for_each((count + block - 1) / block,
                 [&](size_t index) { work(index * block, std::min(count, (index + 1) * block)); });
    }

private:
    int threads_;
    const JobControl* job_ = nullptr;
};

} // namespace mixllm
