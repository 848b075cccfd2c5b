#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "job/JobControl.h"
#include "llama/handles.h"

/// Runs chunks of a text through one model exactly as llama.cpp's perplexity tool does: several chunks a pass as
/// sequences of one batch of up to 2048 tokens, each chunk's first token replaced by BOS where the model has one,
/// logits kept for the second half of each chunk.
///
/// The batch geometry is part of the protocol: another one rounds differently in the last bits.
class ChunkDecoder {
public:
    /// @param context tokens a chunk
    /// @throws InputError when the context cannot be made
    ChunkDecoder(const std::string& name, llama_model* model, int32_t context, int32_t threads, JobControl& control);
    ~ChunkDecoder();
    ChunkDecoder(const ChunkDecoder&) = delete;
    ChunkDecoder& operator=(const ChunkDecoder&) = delete;

    /// How many chunks one pass takes at most.
    int32_t chunksPerPass() const { return chunksPerPass_; }

    /// Position in a chunk of the first token whose logits are kept.
    int32_t firstScored() const { return context_ / 2; }

    /// Decodes `count` chunks, from chunk `first` on.
    /// @param tokens the whole text
    /// @throws CanceledError, or std::runtime_error when llama.cpp fails
    void decode(const std::vector<llama_token>& tokens, int32_t first, int32_t count);

    /// Logits `[context - firstScored()][vocabulary]` of the i-th chunk of the last pass; valid until the next pass.
    const float* logits(int32_t i);

private:
    std::string name_;
    JobControl& control_;
    int32_t context_;
    int32_t batchSize_;
    int32_t chunksPerPass_;
    bool addBos_;
    llama_token bos_;
    size_t vocabulary_;
    ContextHandle handle_;
    llama_batch batch_;
    /// Logits gathered over the batches of a chunk that is longer than one batch.
    std::vector<float> gathered_;
};
