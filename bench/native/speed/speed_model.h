#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/native/job.h"
#include "common/native/llama_model.h"
#include "llama/text_model.h"

namespace mixllm {

/// What is timed: a prompt processed in batches, or tokens generated one by one.
struct SpeedTest {
    int32_t tokens;
    bool generation;
    /// Tokens already in the KV cache when the clock starts.
    int32_t depth;

    /// Context the test needs, in tokens.
    int32_t context() const { return depth + tokens; }
};

/// A loaded model whose prompt processing and generation can be timed again and again, by the protocol of llama.cpp's
/// benchmark: a context of just the length the test needs, a warm-up, random tokens after BOS, behind as many others as
/// the test's depth says.
class SpeedModel {
public:
    /// @throws InputError when the model cannot be loaded or is not a text model
    /// @throws CanceledError
    SpeedModel(const std::string& path, const ModelPlacement& placement, JobControl& control);

    /// Makes the context of a test, in place of the one before, runs the test once without timing it (generation: a
    /// single token), and computes what lies before it in the cache.
    ///
    /// @throws InputError when there is no memory for the context
    /// @throws CanceledError
    void prepare(const SpeedTest& test, JobControl& control);

    /// Seconds the prepared test takes.
    double time(uint32_t seed, JobControl& control);

    const std::string& type() const { return type_; }

private:
    /// The cache at some depth, kept so that it is computed only once.
    struct Depth {
        int32_t tokens;
        std::vector<uint8_t> state;
    };

    double decode(int32_t tokens, uint32_t seed, JobControl& control);
    void reach_depth(JobControl& control);

    std::string path_;
    int32_t threads_;
    ModelHandle model_;
    std::string type_;
    SpeedTest test_{};
    ContextHandle context_;
    std::optional<Depth> depth_;
};

} // namespace mixllm
