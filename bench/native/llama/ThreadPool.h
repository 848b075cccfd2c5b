#pragma once

#include <cstdint>
#include <ggml-cpu.h>
#include <memory>

/// The threads that ggml's CPU backend computes with, alive as long as this object: without one, ggml starts new
/// threads for every graph.
class ThreadPool {
public:
    /// @throws std::runtime_error when the threads cannot be started
    explicit ThreadPool(int32_t threads);

    ggml_threadpool* get() const { return pool_.get(); }

private:
    std::unique_ptr<ggml_threadpool, void (*)(ggml_threadpool*)> pool_;
};
