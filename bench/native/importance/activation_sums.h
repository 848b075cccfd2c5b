#pragma once

#include <cstdint>
#include <ggml.h>
#include <map>
#include <string>
#include <vector>

/// Sums of squares of what flows into each linear weight of the decoder blocks, gathered while a model runs.
class ActivationSums {
public:
    struct Entry {
        /// One an input, in float64.
        std::vector<double> squares;
        int64_t tokens = 0;
    };

    /// A `ggml_backend_sched_eval_callback`; its data is an `ActivationSums`.
    static bool on_node(ggml_tensor* node, bool asking, void* sums);

    /// By weight name.
    const std::map<std::string, Entry>& entries() const { return entries_; }

    /// Name of the first weight that mixes experts, which are not counted apart; empty when there is none.
    const std::string& expert_weight() const { return expert_weight_; }

private:
    bool wants(const ggml_tensor* node);
    void add(const ggml_tensor* node);

    std::map<std::string, Entry> entries_;
    std::string expert_weight_;
    std::vector<uint8_t> copy_;
};
