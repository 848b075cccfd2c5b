#pragma once

#include <algorithm>
#include <cstddef>
#include <system_error>
#include <thread>
#include <vector>

namespace mixllm {

/**
 * Calls `body(begin, end)` on consecutive slices that together cover `0..count`, each on a thread of its own
 * as far as the system gives any.
 *
 * How the range is cut depends on `threads` alone, and `body` must not throw.
 */
template <typename Body>
void parallel_for(size_t count, size_t threads, const Body& body) {
    const size_t slices = std::max<size_t>(1, std::min(threads, count));
    std::vector<std::thread> workers;
    workers.reserve(slices - 1);
    for (size_t slice = 1; slice < slices; slice++) {
        const auto run = [&, slice] { body(count * slice / slices, count * (slice + 1) / slices); };
        try {
            workers.emplace_back(run);
        } catch (const std::system_error&) { // the system gives no more threads
            run();
        }
    }
    body(size_t{0}, count / slices);
    for (std::thread& worker : workers) {
        worker.join();
    }
}

} // namespace mixllm
