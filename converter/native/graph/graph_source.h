#pragma once

#include <cstdint>
#include <string>

#include "common/native/llama_model.h"
#include "graph/model_graph.h"

namespace mixllm {

/**
 * A model of which llama.cpp has read the metadata and the list of tensors, to build its compute graphs.
 *
 * llama.cpp aborts the process on some files that contradict themselves: try an unknown file in a process that may die.
 */
class GraphSource {
public:
    /**
     * @param path a float GGUF, the first file of a split one; weights are not read, so their bytes may be a hole
     * @throws InputError when llama.cpp cannot load it
     * @throws CanceledError
     */
    GraphSource(const std::string& path, JobControl& control);

    /**
     * Builds the graph of sequences that are run from their first token on, all logits wanted.
     *
     * Keys and values are cached as floats, attention is spelt out (no flash attention), each sequence has a cache of
     * its own. Caches and states are replaced by what the graph itself writes to them, and nothing is left that does
     * not lead to the logits.
     *
     * @throws InputError when llama.cpp cannot build it, or it uses memory in a way that cannot be followed
     */
    ModelGraph build(int64_t length, int64_t sequences) const;

    int64_t vocabulary() const;

    /// `general.architecture`.
    std::string architecture() const;

private:
    ModelGraph capture(int64_t length, int64_t sequences, int32_t first_token) const;

    ModelHandle model_;
};

} // namespace mixllm
