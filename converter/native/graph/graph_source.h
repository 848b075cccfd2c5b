#pragma once

#include <cstdint>
#include <string>
#include <vector>

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
     * @throws InputError when llama.cpp cannot build it
     * @throws UnfollowedGraph when it uses memory in a way that cannot be followed
     */
    ModelGraph build(int64_t length, int64_t sequences) const;

    /// The same graph as llama.cpp has it, caches and states included. @throws InputError when llama.cpp cannot build
    /// it
    ModelGraph capture(int64_t length, int64_t sequences, int32_t first_token = 3) const;

    /**
     * Names of the inputs, besides the tokens themselves, that llama.cpp fills by what the tokens are (hashes of
     * n-grams, say): a graph that is replayed on other tokens would compute with the wrong ones.
     *
     * @throws UnfollowedGraph when the graph itself depends on them
     */
    std::vector<std::string> find_token_inputs(int64_t length) const;

    int64_t vocabulary() const;

    /// `general.architecture`.
    std::string architecture() const;

private:
    ModelHandle model_;
};

/// Names of the inputs that two graphs were filled with differently. @throws UnfollowedGraph unless their nodes agree
std::vector<std::string> find_differing_inputs(const ModelGraph& one, const ModelGraph& other);

} // namespace mixllm
