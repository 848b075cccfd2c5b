#pragma once

#include <cuda_runtime.h>

#include <functional>

// Calls captured into a CUDA graph, so that they follow each other without gaps.
class CapturedSeries {
public:
    // call(i, stream) puts call number i on the stream. Call 0 is made once before, for what only a first call does.
    CapturedSeries(int calls, const std::function<void(int, cudaStream_t)>& call);
    CapturedSeries(const CapturedSeries&) = delete;
    CapturedSeries& operator=(const CapturedSeries&) = delete;
    ~CapturedSeries();

    void launch() const;

private:
    cudaStream_t stream = nullptr;
    cudaGraphExec_t graph = nullptr;
};
