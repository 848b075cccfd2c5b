#pragma once

#include <cstdint>
#include <ggml.h>
#include <map>
#include <string>
#include <vector>

namespace mixllm {

/// How much each input of each linear weight matters: the mean of its squares over calibration tokens.
struct ImportanceMatrix {
    /// By weight name, such as `blk.0.attn_q.weight`; one value an input, expert after expert.
    std::map<std::string, std::vector<float>> weights;
    /// Name of the calibration text; may be empty.
    std::string dataset;
    int64_t chunks = 0;
};

/// Sums of squares of what flows into each linear weight of the decoder blocks, gathered while a model runs.
class ActivationSums {
public:
    struct Entry {
        /// One an input, expert after expert of a stack, in float64.
        std::vector<double> squares;
        /// That went into it, or into each expert.
        std::vector<int64_t> tokens;
    };

    /// A `ggml_backend_sched_eval_callback`; its data is an `ActivationSums`.
    static bool on_node(ggml_tensor* node, bool asking, void* sums);

    /// By weight name.
    const std::map<std::string, Entry>& entries() const { return entries_; }

private:
    void add(const ggml_tensor* node);

    std::map<std::string, Entry> entries_;
    std::vector<uint8_t> copy_;
    std::vector<uint8_t> ids_copy_;
};

/// Reads an importance matrix in the GGUF form that llama.cpp's imatrix tool writes: `<weight>.in_sum2` holds sums of
/// squares, `<weight>.counts` how many tokens went into each.
///
/// @throws InputError naming the file and what is wrong with it
ImportanceMatrix read_importance_matrix(const std::string& path);

/// Writes sums in the GGUF form of llama.cpp's imatrix tool, which its quantizer reads.
///
/// @param dataset name of the calibration text
/// @throws InputError when the file cannot be written
void write_importance_matrix(const std::string& path, const ActivationSums& sums, const std::string& dataset,
                             int32_t chunks, int32_t chunk_size);

} // namespace mixllm
