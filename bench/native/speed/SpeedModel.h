#pragma once

#include <cstdint>
#include <string>

#include "job/JobControl.h"
#include "llama/handles.h"

/// A loaded model whose prompt processing and generation can be timed again and again, by the protocol of llama.cpp's
/// benchmark: an empty context of just the length the test needs, random tokens after BOS.
class SpeedModel {
public:
    /// @param prompt tokens of the prompt test, 0 for none
    /// @param generate tokens of the generation test, 0 for none
    /// @throws InputError when the model cannot be loaded or there is no memory for its contexts
    /// @throws CanceledError
    SpeedModel(const std::string& path, int32_t prompt, int32_t generate, int32_t threads, JobControl& control);

    /// Runs each test once without timing it, generation with a single token.
    void warmUp(JobControl& control);

    /// Seconds to process a prompt of random tokens, in batches of up to 2048.
    double timePrompt(uint32_t seed, JobControl& control);

    /// Seconds to generate as many tokens, one after the other.
    double timeGeneration(uint32_t seed, JobControl& control);

    const std::string& type() const { return type_; }

    /// Seconds the model took to load.
    double loadSeconds() const { return loadSeconds_; }

private:
    double timeRun(llama_context* context, int32_t tokens, int32_t batch, uint32_t seed, JobControl& control);

    std::string path_;
    std::string type_;
    int32_t prompt_;
    int32_t generate_;
    int32_t threads_;
    double loadSeconds_;
    ModelHandle model_;
    ContextHandle promptContext_;
    ContextHandle generationContext_;
};
