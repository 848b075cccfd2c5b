#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "job/job_control.h"
#include "llama/handles.h"
#include "llama/model_placement.h"
#include "speed/speed_test.h"

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
