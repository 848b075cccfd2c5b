#pragma once

#include <ggml.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "differentiate.h"

namespace mixllm {

/// Where a gradient lies within a contiguous tensor of floats; strides and offset count floats, the first stride is 1.
struct Placement {
    std::array<int64_t, 4> stride;
    int64_t offset;
};

/// Collects what rules add to the gradient of each tensor until all its consumers were visited.
class Accumulator {
public:
    /// Finds what lies between the wanted tensors and the rest; parameters as `differentiate` takes them.
    Accumulator(ggml_context* context, const std::vector<ggml_tensor*>& nodes, const std::vector<ggml_tensor*>& wanted,
                const TransposedWeight& transposed, Differentiation& result);

    /// Whether the tensor is wanted or depends on one that is.
    bool needs(const ggml_tensor* tensor) const { return needed_.count(tensor) != 0; }
    bool wanted(const ggml_tensor* tensor) const { return wanted_.count(tensor) != 0; }

    void add(const ggml_tensor* tensor, ggml_tensor* part) { parts_[tensor].whole.push_back(part); }
    void place(const ggml_tensor* tensor, ggml_tensor* part, const Placement& where) {
        parts_[tensor].placed.push_back({part, where});
    }

    /// The sum of everything added so far as contiguous floats, or null when nothing was.
    ggml_tensor* sum(const ggml_tensor* tensor);

    /// Whether a later node overwrites the tensor's values in place.
    bool overwritten(const ggml_tensor* tensor) const;

    void miss(const ggml_tensor* node, const std::string& reason);

    const TransposedWeight& transposed() const { return transposed_; }
    Differentiation& result() { return result_; }

private:
    struct Placed {
        ggml_tensor* part;
        Placement where;
    };
    struct Parts {
        std::vector<ggml_tensor*> whole;
        std::vector<Placed> placed;
    };

    ggml_tensor* sum_placed(const ggml_tensor* tensor, ggml_tensor* base, const std::vector<Placed>& placed);

    ggml_context* context_;
    const TransposedWeight& transposed_;
    Differentiation& result_;
    std::unordered_set<const ggml_tensor*> wanted_;
    std::unordered_set<const ggml_tensor*> needed_;
    std::unordered_map<const ggml_tensor*, size_t> position_;    // of nodes
    std::unordered_map<const ggml_tensor*, size_t> last_writer_; // by owner of the memory
    std::unordered_map<const ggml_tensor*, Parts> parts_;
};

} // namespace mixllm
