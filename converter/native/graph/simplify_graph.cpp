#include "graph/simplify_graph.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <unordered_set>

#include "graph/written_memory.h"

namespace mixllm {

namespace {

/// Where each view begins within its source, in bytes.
using ViewOffsets = std::unordered_map<const ggml_tensor*, size_t>;

ViewOffsets find_view_offsets(const ModelGraph& graph) {
    ViewOffsets offsets;
    for (ggml_tensor* tensor = ggml_get_first_tensor(graph.context()); tensor != nullptr;
         tensor = ggml_get_next_tensor(graph.context(), tensor)) {
        if (is_view(tensor)) {
            const ggml_tensor* source = tensor->src[0];
            offsets.emplace(tensor, tensor->view_offs - (source->view_src != nullptr ? source->view_offs : 0));
        }
    }
    return offsets;
}

/// Which source of a node is only a place to write to, -1 for none.
int written_source(const ggml_tensor* node) {
    switch (node->op) {
    case GGML_OP_SET_ROWS:
        return 2;
    case GGML_OP_CPY:
        return 1;
    default:
        return -1;
    }
}

/// Replaces what nodes read of caches and states by the values written there.
void replace_memory(ModelGraph& graph) {
    std::map<const ggml_tensor*, WrittenMemory> memories;
    ReadPatterns patterns;
    const auto memory_of = [&](ggml_tensor* tensor) -> WrittenMemory* {
        ggml_tensor* root = tensor->view_src != nullptr ? tensor->view_src : tensor;
        if (!graph.is_leaf(root, ModelGraph::Leaf::memory)) {
            return nullptr;
        }
        return &memories.try_emplace(root, root).first->second;
    };
    for (ggml_tensor* node : graph.nodes) {
        if (is_view(node)) {
            continue;
        }
        const int written = written_source(node);
        for (int i = 0; i < GGML_MAX_SRC && node->src[i] != nullptr; i++) {
            // A copy to a type names itself as the place.
            WrittenMemory* memory = i == written || node->src[i] == node ? nullptr : memory_of(node->src[i]);
            const bool is_in_place = memory != nullptr && node->view_src != nullptr && i == 0;
            if (memory != nullptr && !is_in_place) {
                node->src[i] = memory->read(graph, node->src[i], patterns);
            }
        }
        if (node->view_src != nullptr) {
            if (WrittenMemory* memory = memory_of(node)) {
                memory->write(graph, node);
            }
        }
    }
}

/// Whether a value is read, other than by way of the node that writes into it, after that node.
bool is_read_after(const ModelGraph& graph, const ggml_tensor* value, size_t writer) {
    for (size_t n = writer + 1; n < graph.nodes.size(); n++) {
        for (ggml_tensor* source : graph.nodes[n]->src) {
            if (source != nullptr && !is_view(graph.nodes[n]) && viewed(source) == value) {
                return true;
            }
        }
    }
    return false;
}

/// Gives operations in place results of their own; writing to a part of another tensor's value is not followed, but for
/// rows set in a value that nothing else reads afterwards.
void separate_results(ModelGraph& graph) {
    for (size_t n = 0; n < graph.nodes.size(); n++) {
        ggml_tensor* node = graph.nodes[n];
        if (is_view(node) || node->view_src == nullptr || graph.is_leaf(node->view_src, ModelGraph::Leaf::memory)) {
            continue;
        }
        const int written = written_source(node);
        const bool sets_rows = node->op == GGML_OP_SET_ROWS && !is_read_after(graph, viewed(node->src[written]), n);
        if (written >= 0 && !sets_rows) {
            throw UnfollowedGraph(std::string("the model's graph writes ") + node->name + " into the value of " +
                                  node->view_src->name);
        }
        if (node->op == GGML_OP_SET || node->op == GGML_OP_ACC) {
            node->op_params[4] = 0; // not in place
        }
        node->view_src = nullptr;
        if (sets_rows) {
            node->src[written] = ggml_cont(graph.context(), node->src[written]);
            node->view_src = node->src[written];
        }
        node->view_offs = 0;
        node->nb[0] = ggml_type_size(node->type);
        node->nb[1] = ggml_row_size(node->type, node->ne[0]);
        node->nb[2] = node->nb[1] * static_cast<size_t>(node->ne[1]);
        node->nb[3] = node->nb[2] * static_cast<size_t>(node->ne[2]);
    }
}

/// Whether a node selects all rows of a matrix in their order. Those of a table of positions may be all by chance.
bool selects_all(const ModelGraph& graph, const ggml_tensor* node) {
    if (node->op != GGML_OP_GET_ROWS || node->src[0]->type != GGML_TYPE_F32 || !ggml_is_contiguous(node->src[0]) ||
        !ggml_are_same_shape(node, node->src[0]) || graph.is_leaf(node->src[0], ModelGraph::Leaf::weight)) {
        return false;
    }
    const auto rows = graph.data.find(node->src[1]);
    if (rows == graph.data.end() || node->src[1]->type != GGML_TYPE_I32 ||
        ggml_nelements(node->src[1]) != node->ne[1]) {
        return false;
    }
    for (int32_t i = 0; i < node->ne[1]; i++) {
        int32_t row;
        std::memcpy(&row, rows->second.data() + static_cast<size_t>(i) * sizeof row, sizeof row);
        if (row != i) {
            return false;
        }
    }
    return true;
}

/// Passes by selections of all rows, and makes selections of zeros zeros.
void remove_selections(ModelGraph& graph) {
    std::unordered_map<const ggml_tensor*, ggml_tensor*> zeros;
    for (ggml_tensor* node : graph.nodes) {
        if (node->op == GGML_OP_GET_ROWS && graph.is_leaf(viewed(node->src[0]), ModelGraph::Leaf::zero)) {
            zeros.emplace(node, graph.add_zeros(node->ne));
        }
    }
    const auto origin = [&](ggml_tensor* tensor) {
        const auto zero = zeros.find(tensor);
        if (zero != zeros.end()) {
            return zero->second;
        }
        while (tensor != nullptr && selects_all(graph, tensor)) {
            tensor = tensor->src[0];
        }
        return tensor;
    };
    for (ggml_tensor* node : graph.nodes) {
        for (ggml_tensor*& source : node->src) {
            source = source == node ? source : origin(source);
        }
    }
    graph.output = origin(graph.output);
}

/// Keeps what leads to the output, in the order it had, new tensors before what reads them.
class Order {
public:
    Order(ModelGraph& graph, const ViewOffsets& offsets) : graph_(graph), offsets_(offsets) {}

    void run() {
        mark(graph_.output);
        std::vector<ggml_tensor*> old;
        old.swap(graph_.nodes);
        for (ggml_tensor* node : old) {
            if (needed_.count(node) != 0) {
                place(node);
            }
        }
        const auto drop = [&](auto& map) {
            for (auto each = map.begin(); each != map.end();) {
                each = needed_.count(each->first) != 0 ? std::next(each) : map.erase(each);
            }
        };
        drop(graph_.leaves);
        drop(graph_.data);
    }

private:
    void mark(ggml_tensor* last) {
        std::vector<ggml_tensor*> open{last};
        while (!open.empty()) {
            ggml_tensor* tensor = open.back();
            open.pop_back();
            if (tensor == nullptr || !needed_.insert(tensor).second) {
                continue;
            }
            open.insert(open.end(), std::begin(tensor->src), std::end(tensor->src));
        }
    }

    void place(ggml_tensor* node) {
        if (node == nullptr || node->op == GGML_OP_NONE || !placed_.insert(node).second) {
            return;
        }
        for (ggml_tensor* source : node->src) {
            place(source);
        }
        if (is_view(node)) {
            // What a view is part of may have changed.
            const ggml_tensor* source = node->src[0];
            node->view_src = source->view_src != nullptr ? source->view_src : node->src[0];
            node->view_offs = source->view_offs + offsets_.at(node);
        }
        graph_.nodes.push_back(node);
    }

    ModelGraph& graph_;
    std::unordered_set<const ggml_tensor*> needed_;
    std::unordered_set<const ggml_tensor*> placed_;
    const ViewOffsets& offsets_;
};

void find_constants(ModelGraph& graph) {
    for (ggml_tensor* node : graph.nodes) {
        const bool is_constant = std::all_of(std::begin(node->src), std::end(node->src), [&](ggml_tensor* source) {
            return source == nullptr || source == node || graph.constants.count(source) != 0 ||
                   graph.is_leaf(source, ModelGraph::Leaf::input) || graph.is_leaf(source, ModelGraph::Leaf::zero);
        });
        if (is_constant) {
            graph.constants.insert(node);
        }
    }
}

} // namespace

void simplify_graph(ModelGraph& graph) {
    replace_memory(graph);
    const ViewOffsets offsets = find_view_offsets(graph);
    separate_results(graph);
    remove_selections(graph);
    Order(graph, offsets).run();
    find_constants(graph);
    for (const ggml_tensor* node : graph.nodes) {
        for (int i = 0; i < GGML_MAX_SRC; i++) {
            if (graph.is_leaf(node->src[i], ModelGraph::Leaf::memory) && i != written_source(node)) {
                throw UnfollowedGraph(std::string("the model's graph reads the memory ") + node->src[i]->name +
                                      " in a way that cannot be followed");
            }
        }
    }
}

} // namespace mixllm
