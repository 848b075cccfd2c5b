#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "graph/model_graph.h"

namespace mixllm {

/// Where the elements of a view were written: all by one write, at regular strides, the rest never.
struct ReadPattern {
    bool is_zero;
    size_t write;                  ///< number of the write, counted from the first
    int64_t first;                 ///< element of the written values that the view starts with
    int64_t count[GGML_MAX_DIMS];  ///< elements of the view along each dimension that were written, from the first on
    int64_t stride[GGML_MAX_DIMS]; ///< in elements of the written values
};

/// Patterns by what they depend on: layers that use their memory alike are looked at once.
using ReadPatterns = std::map<std::vector<int64_t>, ReadPattern>;

/// One cache or state of a graph, and what has been written to it so far.
class WrittenMemory {
public:
    /// @param memory the leaf
    explicit WrittenMemory(const ggml_tensor* memory) : memory_(memory) {}

    /**
     * Notes that `node` writes to it: `SET_ROWS` with known rows, a copy, or anything else to a part of no elements.
     *
     * @throws UnfollowedGraph for another way of writing
     */
    void write(const ModelGraph& graph, ggml_tensor* node);

    /**
     * What a view of it holds, as nodes on what was written.
     *
     * @param view a view of the memory, of any strides
     * @return a tensor of the view's shape, its rows contiguous if the view's are
     * @throws UnfollowedGraph when the view does not hold one written tensor's elements at regular strides
     */
    ggml_tensor* read(ModelGraph& graph, const ggml_tensor* view, ReadPatterns& known) const;

private:
    struct Write {
        ggml_tensor* values;      ///< null for zeros
        const ggml_tensor* place; ///< the part of the memory
        ggml_tensor* rows;        ///< `SET_ROWS`: where each row of the values goes
    };

    ReadPattern find_pattern(const ModelGraph& graph, const ggml_tensor* view) const;

    const ggml_tensor* memory_;
    std::vector<Write> writes_;
};

} // namespace mixllm
