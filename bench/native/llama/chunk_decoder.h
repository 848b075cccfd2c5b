#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/native/job.h"
#include "common/native/llama_model.h"

namespace mixllm {

struct ChunkDecoderOptions {
    /// Tokens a chunk.
    int32_t context;
    /// Position in a chunk of the first token whose logits are computed.
    int32_t first_output;
    /// Chunks a pass, as sequences of one batch.
    int32_t chunks_per_pass;
    int32_t threads;
    /// Sees every node of the graph; null for none.
    ggml_backend_sched_eval_callback on_node = nullptr;
    void* on_node_data = nullptr;

    /// As many chunks as fill llama.cpp's default batch of 2048 tokens, which is how its perplexity tool does it. The
    /// batch geometry is part of that protocol: another one rounds differently in the last bits.
    static int32_t full_pass(int32_t context);
};

/// Runs chunks of a text through one model as llama.cpp's perplexity and imatrix tools do: each chunk a sequence of its
/// own from an empty context, its first token replaced by BOS where the model has one.
class ChunkDecoder {
public:
    /// @param name what to call the model in an error message
    /// @throws InputError when the context cannot be made
    ChunkDecoder(const std::string& name, llama_model* model, const ChunkDecoderOptions& options, JobControl& control);
    ~ChunkDecoder();
    ChunkDecoder(const ChunkDecoder&) = delete;
    ChunkDecoder& operator=(const ChunkDecoder&) = delete;

    /// Decodes `count` chunks, from chunk `first` on, at most `chunks_per_pass` of them.
    /// @param tokens the whole text
    /// @throws CanceledError, or std::runtime_error when llama.cpp fails
    void decode(const std::vector<llama_token>& tokens, int32_t first, int32_t count);

    /// Logits `[context - first_output][vocabulary]` of the i-th chunk of the last pass; valid until the next pass.
    const float* logits(int32_t i);

private:
    std::string name_;
    JobControl& control_;
    ChunkDecoderOptions options_;
    int32_t batch_size_;
    bool add_bos_;
    llama_token bos_;
    size_t vocabulary_;
    ContextHandle handle_;
    llama_batch batch_;
    /// Logits gathered over the batches of a chunk that is longer than one batch.
    std::vector<float> gathered_;
};

} // namespace mixllm
