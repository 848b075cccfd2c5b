#pragma once

#include "thread_seconds.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

// Threads that meet at a spinning barrier, as an inference engine's do.
class Team {
public:
    explicit Team(int size) : size(size) {}

    // Runs work(thread) on every thread. Returns seconds: elapsed, or the longest CPU time of a thread.
    double run(bool elapsed, const std::function<void(int)>& work) {
        std::vector<double> seconds(size);
        std::vector<std::thread> threads;
        const auto body = [&](int i) {
            wait();
            const double start = thread_seconds();
            work(i);
            seconds[i] = thread_seconds() - start;
        };
        for (int i = 1; i < size; i++) {
            threads.emplace_back(body, i);
        }
        const auto start = std::chrono::steady_clock::now();
        body(0);
        for (std::thread& t : threads) {
            t.join();
        }
        const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        return elapsed ? wall : *std::max_element(seconds.begin(), seconds.end());
    }

    void wait() {
        const int round = arrived.fetch_add(1) / size;
        while (arrived.load() / size == round) {
            std::this_thread::yield();
        }
    }

private:
    const int size;
    std::atomic<int> arrived{0};
};
