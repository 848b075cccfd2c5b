#include "graph/written_memory.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace mixllm {

namespace {

constexpr int64_t nowhere = -1;

[[noreturn]] void fail(const ggml_tensor* memory, const std::string& what) {
    throw UnfollowedGraph(std::string("the model's graph uses the memory ") + memory->name +
                          " in a way that cannot be followed: " + what);
}

std::vector<int64_t> read_indices(const ModelGraph& graph, const ggml_tensor* indices) {
    const std::vector<uint8_t>& bytes = graph.data.at(indices);
    std::vector<int64_t> rows(static_cast<size_t>(ggml_nelements(indices)));
    for (size_t i = 0; i < rows.size(); i++) {
        if (indices->type == GGML_TYPE_I64) {
            std::memcpy(&rows[i], bytes.data() + i * sizeof(int64_t), sizeof(int64_t));
        } else {
            int32_t row;
            std::memcpy(&row, bytes.data() + i * sizeof(int32_t), sizeof(int32_t));
            rows[i] = row;
        }
    }
    return rows;
}

/// For every byte of the memory, which element of a write's values lies there.
class WrittenElements {
public:
    /// @param rows where each row of the values goes; empty when the values fill the place in its own order
    WrittenElements(const ggml_tensor* memory, const ggml_tensor* place, const std::vector<int64_t>& rows)
        : place_(place) {
        std::stable_sort(by_stride_.begin(), by_stride_.end(),
                         [&](int a, int b) { return place->nb[a] > place->nb[b]; });
        if (!rows.empty()) {
            row_source_.assign(static_cast<size_t>(place->ne[1]), nowhere);
            for (size_t i = 0; i < rows.size(); i++) {
                if (rows[i] < 0 || rows[i] >= place->ne[1]) {
                    fail(memory, "row " + std::to_string(rows[i]) + " is written and there are " +
                                     std::to_string(place->ne[1]));
                }
                row_source_[static_cast<size_t>(rows[i])] = static_cast<int64_t>(i);
            }
        }
    }

    int64_t at(size_t byte) const {
        if (byte < place_->view_offs) {
            return nowhere;
        }
        size_t rest = byte - place_->view_offs;
        int64_t index[GGML_MAX_DIMS] = {};
        for (const int d : by_stride_) {
            if (place_->ne[d] > 1) {
                index[d] = static_cast<int64_t>(rest / place_->nb[d]);
                rest %= place_->nb[d];
                if (index[d] >= place_->ne[d]) {
                    return nowhere;
                }
            }
        }
        if (rest != 0) {
            return nowhere;
        }
        const int64_t row = index[1] + place_->ne[1] * (index[2] + place_->ne[2] * index[3]);
        if (row_source_.empty()) {
            return index[0] + place_->ne[0] * row;
        }
        const int64_t source = row_source_[static_cast<size_t>(row)];
        return source == nowhere ? nowhere : index[0] + place_->ne[0] * source;
    }

private:
    const ggml_tensor* place_;
    std::array<int, GGML_MAX_DIMS> by_stride_{0, 1, 2, 3};
    std::vector<int64_t> row_source_;
};

void add_geometry(std::vector<int64_t>& key, const ggml_tensor* tensor) {
    key.push_back(static_cast<int64_t>(tensor->view_offs));
    for (int d = 0; d < GGML_MAX_DIMS; d++) {
        key.push_back(tensor->ne[d]);
        key.push_back(static_cast<int64_t>(tensor->nb[d]));
    }
}

} // namespace

void WrittenMemory::write(const ModelGraph& graph, ggml_tensor* node) {
    if (ggml_nelements(node) == 0) {
        return;
    }
    if (node->op == GGML_OP_CPY && ggml_nelements(node->src[0]) == 0) {
        return;
    }
    float scale_and_bias[2];
    std::memcpy(scale_and_bias, node->op_params, sizeof scale_and_bias);
    if (node->op == GGML_OP_SCALE && scale_and_bias[0] == 0.0f && scale_and_bias[1] == 0.0f) {
        writes_.push_back({nullptr, node, nullptr});
        return;
    }
    if (node->op == GGML_OP_CPY) {
        writes_.push_back({node->src[0], node, nullptr});
        return;
    }
    if (node->op != GGML_OP_SET_ROWS || node->ne[2] != 1 || node->ne[3] != 1 || !ggml_is_contiguous(node)) {
        fail(memory_, std::string("it is written by ") + ggml_op_desc(node) + " " + describe_shape(node));
    }
    if (graph.data.count(node->src[1]) == 0) {
        fail(memory_, std::string("the rows written are computed, by ") + ggml_op_desc(node->src[1]));
    }
    writes_.push_back({node->src[0], node, node->src[1]});
}

ReadPattern WrittenMemory::find_pattern(const ModelGraph& graph, const ggml_tensor* view) const {
    std::vector<WrittenElements> elements;
    for (const Write& write : writes_) {
        elements.emplace_back(memory_, write.place,
                              write.rows == nullptr ? std::vector<int64_t>() : read_indices(graph, write.rows));
    }
    const auto byte_at = [&](int64_t i0, int64_t i1, int64_t i2, int64_t i3) {
        return view->view_offs + static_cast<size_t>(i0) * view->nb[0] + static_cast<size_t>(i1) * view->nb[1] +
               static_cast<size_t>(i2) * view->nb[2] + static_cast<size_t>(i3) * view->nb[3];
    };
    // The last write that reached the view's first element, and how far it goes along each dimension from there.
    ReadPattern pattern{true, 0, nowhere, {}, {}};
    for (size_t w = writes_.size(); w-- > 0 && pattern.first == nowhere;) {
        pattern.write = w;
        pattern.first = elements[w].at(view->view_offs);
    }
    pattern.is_zero = pattern.first == nowhere || writes_[pattern.write].values == nullptr;
    for (int d = 0; d < GGML_MAX_DIMS; d++) {
        pattern.count[d] = view->ne[d];
        for (int64_t i = 1; i < view->ne[d] && !pattern.is_zero; i++) {
            const int64_t source = elements[pattern.write].at(view->view_offs + static_cast<size_t>(i) * view->nb[d]);
            if (source == nowhere) {
                pattern.count[d] = i;
                break;
            }
            pattern.stride[d] = i == 1 ? source - pattern.first : pattern.stride[d];
        }
    }
    for (int64_t i3 = 0; i3 < view->ne[3]; i3++) {
        for (int64_t i2 = 0; i2 < view->ne[2]; i2++) {
            for (int64_t i1 = 0; i1 < view->ne[1]; i1++) {
                const int64_t row =
                    pattern.first + i1 * pattern.stride[1] + i2 * pattern.stride[2] + i3 * pattern.stride[3];
                const bool is_row =
                    !pattern.is_zero && i1 < pattern.count[1] && i2 < pattern.count[2] && i3 < pattern.count[3];
                for (int64_t i0 = 0; i0 < view->ne[0]; i0++) {
                    const bool is_written = is_row && i0 < pattern.count[0];
                    const int64_t expected = is_written ? row + i0 * pattern.stride[0] : nowhere;
                    const size_t byte = byte_at(i0, i1, i2, i3);
                    for (size_t w = 0; w < writes_.size(); w++) {
                        const int64_t source = elements[w].at(byte);
                        const bool is_own = w == pattern.write && !pattern.is_zero;
                        if (is_own ? source != expected : source != nowhere && writes_[w].values != nullptr) {
                            fail(memory_, std::string(view->name) + " reads more than one tensor's values");
                        }
                    }
                }
            }
        }
    }
    return pattern;
}

ggml_tensor* WrittenMemory::read(ModelGraph& graph, const ggml_tensor* view, ReadPatterns& known) const {
    std::vector<int64_t> key;
    add_geometry(key, view);
    for (const Write& write : writes_) {
        add_geometry(key, write.place);
        key.push_back(static_cast<int64_t>(reinterpret_cast<intptr_t>(write.rows)));
        key.push_back(write.values == nullptr ? 1 : 0);
    }
    const auto found = known.find(key);
    const ReadPattern pattern = found != known.end() ? found->second : find_pattern(graph, view);
    known.emplace(std::move(key), pattern);
    if (pattern.is_zero) {
        return graph.add_zeros(view->ne);
    }

    ggml_context* context = graph.context();
    const int64_t* count = pattern.count;
    const int64_t* stride = pattern.stride;
    ggml_tensor* values = writes_[pattern.write].values;
    if (values->type != GGML_TYPE_F32) {
        fail(memory_, std::string("it is written as ") + ggml_type_name(values->type));
    }
    if (!ggml_is_contiguous(values)) {
        values = ggml_cont(context, values);
    }
    // Dimensions of one element first, then by stride: if they cover the values, these are the values in that shape.
    std::array<int, GGML_MAX_DIMS> order{0, 1, 2, 3};
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return (count[a] == 1 ? 0 : stride[a]) < (count[b] == 1 ? 0 : stride[b]); });
    int64_t next = 1;
    bool is_whole = pattern.first == 0;
    bool is_innermost = true;
    for (const int d : order) {
        is_whole = is_whole && (count[d] == 1 || stride[d] == next);
        if (count[d] > 1 && is_innermost && stride[d] != 1) {
            fail(memory_, std::string("rows of ") + view->name + " are scattered");
        }
        is_innermost = is_innermost && count[d] == 1;
        next *= count[d];
    }
    ggml_tensor* result;
    if (is_whole && next == ggml_nelements(values)) {
        result = ggml_reshape_4d(context, values, count[order[0]], count[order[1]], count[order[2]], count[order[3]]);
    } else {
        // Dimensions of one element go last, where their strides do not matter.
        std::stable_partition(order.begin(), order.end(), [&](int d) { return count[d] > 1; });
        const auto bytes = [&](int d) { return static_cast<size_t>(stride[order[d]]) * sizeof(float); };
        result = ggml_view_4d(context, values, count[order[0]], count[order[1]], count[order[2]], count[order[3]],
                              bytes(1), bytes(2), bytes(3), static_cast<size_t>(pattern.first) * sizeof(float));
    }
    if (order != std::array<int, GGML_MAX_DIMS>{0, 1, 2, 3}) {
        result = ggml_permute(context, result, order[0], order[1], order[2], order[3]);
    }
    if ((view->nb[0] == sizeof(float) && result->nb[0] != sizeof(float)) || !std::equal(count, count + 4, view->ne)) {
        result = ggml_cont(context, result);
    }
    if (!std::equal(count, count + 4, view->ne)) {
        result = ggml_pad(context, result, static_cast<int>(view->ne[0] - count[0]),
                          static_cast<int>(view->ne[1] - count[1]), static_cast<int>(view->ne[2] - count[2]),
                          static_cast<int>(view->ne[3] - count[3]));
    }
    return result;
}

} // namespace mixllm
