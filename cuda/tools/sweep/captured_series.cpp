#include "captured_series.h"

#include "tests/require_success.h"

CapturedSeries::CapturedSeries(int calls, const std::function<void(int, cudaStream_t)>& call) {
    require_success(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
    call(0, stream);
    require_success(cudaStreamSynchronize(stream), "a first call");
    require_success(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
    for (int i = 0; i < calls; i++) {
        call(i, stream);
    }
    cudaGraph_t captured;
    require_success(cudaStreamEndCapture(stream, &captured), "cudaStreamEndCapture");
    require_success(cudaGraphInstantiate(&graph, captured, 0), "cudaGraphInstantiate");
    require_success(cudaGraphDestroy(captured), "cudaGraphDestroy");
}

CapturedSeries::~CapturedSeries() {
    cudaGraphExecDestroy(graph);
    cudaStreamDestroy(stream);
}

void CapturedSeries::launch() const {
    require_success(cudaGraphLaunch(graph, stream), "cudaGraphLaunch");
}
