#include "graph/graph_source.h"

#include <ggml-backend.h>
#include <llama-ext.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "graph/simplify_graph.h"

namespace mixllm {

namespace {

/// A batch of whole sequences; its token ids follow no rule that another input of a graph does.
struct Batch {
    Batch(int64_t length, int64_t sequences, int64_t vocabulary, int32_t first_token)
        : batch(llama_batch_init(static_cast<int32_t>(length * sequences), 0, 1)) {
        batch.n_tokens = static_cast<int32_t>(length * sequences);
        for (int32_t i = 0; i < batch.n_tokens; i++) {
            batch.token[i] = static_cast<int32_t>((first_token + int64_t{i} * 7919) % vocabulary);
            batch.pos[i] = static_cast<int32_t>(i % length);
            batch.n_seq_id[i] = 1;
            batch.seq_id[i][0] = static_cast<int32_t>(i / length);
            batch.logits[i] = 1;
        }
    }
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;
    ~Batch() { llama_batch_free(batch); }

    llama_batch batch;
};

/// Copies llama.cpp's tensors, each once, as they are needed.
class Copier {
public:
    Copier(ModelGraph& graph, const llama_batch& batch) : graph_(graph), batch_(batch) {}

    ggml_tensor* copy(const ggml_tensor* tensor) {
        if (tensor == nullptr) {
            return nullptr;
        }
        const auto found = copies_.find(tensor);
        if (found != copies_.end()) {
            return found->second;
        }
        ggml_tensor* own = ggml_new_tensor(graph_.context(), tensor->type, GGML_MAX_DIMS, tensor->ne);
        copies_.emplace(tensor, own);
        std::memcpy(own->nb, tensor->nb, sizeof own->nb);
        std::memcpy(own->op_params, tensor->op_params, sizeof own->op_params);
        own->op = tensor->op;
        own->view_offs = tensor->view_offs;
        ggml_set_name(own, tensor->name);
        own->view_src = copy(tensor->view_src);
        for (int i = 0; i < GGML_MAX_SRC; i++) {
            own->src[i] = copy(tensor->src[i]);
        }
        if (tensor->op == GGML_OP_NONE && tensor->view_src == nullptr) {
            graph_.leaves.emplace(own, read_leaf(tensor, own));
        }
        return own;
    }

private:
    ModelGraph::Leaf read_leaf(const ggml_tensor* tensor, const ggml_tensor* own) {
        if ((tensor->flags & GGML_TENSOR_FLAG_INPUT) != 0) {
            std::vector<uint8_t> bytes(ggml_nbytes(tensor));
            ggml_backend_tensor_get(tensor, bytes.data(), 0, bytes.size());
            if (tensor->type == GGML_TYPE_I32 && ggml_nelements(tensor) == batch_.n_tokens &&
                std::memcmp(bytes.data(), batch_.token, bytes.size()) == 0) {
                return ModelGraph::Leaf::tokens;
            }
            graph_.data.emplace(own, std::move(bytes));
            return ModelGraph::Leaf::input;
        }
        const bool is_weight = tensor->buffer != nullptr &&
                               ggml_backend_buffer_get_usage(tensor->buffer) == GGML_BACKEND_BUFFER_USAGE_WEIGHTS;
        return is_weight ? ModelGraph::Leaf::weight : ModelGraph::Leaf::memory;
    }

    ModelGraph& graph_;
    const llama_batch& batch_;
    std::unordered_map<const ggml_tensor*, ggml_tensor*> copies_;
};

} // namespace

GraphSource::GraphSource(const std::string& path, JobControl& control) {
    llama_model_params params = llama_model_default_params();
    ggml_backend_dev_t no_devices[] = {nullptr};
    params.devices = no_devices;
    params.n_gpu_layers = 0;
    params.no_alloc = true;
    params.load_mode = LLAMA_LOAD_MODE_NONE;
    params.use_extra_bufts = false;
    model_ = load_model(path, params, control);
}

int64_t GraphSource::vocabulary() const {
    return llama_vocab_n_tokens(llama_model_get_vocab(model_.get()));
}

std::string GraphSource::architecture() const {
    char name[64] = "";
    llama_model_meta_val_str(model_.get(), "general.architecture", name, sizeof name);
    return name;
}

ModelGraph GraphSource::capture(int64_t length, int64_t sequences, int32_t first_token) const {
    if (length < 1 || sequences < 1 || sequences > 256 || length * sequences > INT32_MAX) {
        throw InputError("llama.cpp runs 1 to 256 sequences together, not " + std::to_string(sequences) + " of " +
                         std::to_string(length) + " tokens");
    }
    const auto tokens = static_cast<uint32_t>(length * sequences);
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<uint32_t>(sequences * ((length + 255) / 256 * 256)); // what llama.cpp rounds up to
    params.n_batch = tokens;
    params.n_ubatch = tokens;
    params.n_seq_max = static_cast<uint32_t>(sequences);
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.type_k = GGML_TYPE_F32;
    params.type_v = GGML_TYPE_F32;
    params.offload_kqv = false;
    params.op_offload = false;
    params.swa_full = true;
    params.kv_unified = false;
    const ContextHandle context = create_context(model_.get(), params, "the model");
    const Batch batch(length, sequences, vocabulary(), first_token);
    ggml_cgraph* built = llama_graph_build(context.get(), batch.batch);
    if (built == nullptr) {
        throw InputError("llama.cpp cannot build the graph of " + std::to_string(sequences) + " sequences of " +
                         std::to_string(length) + " tokens: " + take_llama_error());
    }
    const auto count = static_cast<size_t>(ggml_graph_n_nodes(built));
    ModelGraph graph(length, sequences, 8 * count + 1024);
    Copier copier(graph, batch.batch);
    for (size_t i = 0; i < count; i++) {
        graph.nodes.push_back(copier.copy(ggml_graph_node(built, static_cast<int>(i))));
    }
    if (graph.nodes.empty()) {
        throw InputError("llama.cpp builds an empty graph for this model");
    }
    graph.output = graph.nodes.back();
    if (graph.output->type != GGML_TYPE_F32 || graph.output->ne[0] != vocabulary() ||
        ggml_nrows(graph.output) != graph.tokens()) {
        throw InputError("the model's graph ends in " + describe_shape(graph.output) +
                         ", not in one value per token and entry of the vocabulary");
    }
    return graph;
}

ModelGraph GraphSource::build(int64_t length, int64_t sequences) const {
    ModelGraph graph = capture(length, sequences);
    simplify_graph(graph);
    return graph;
}

std::vector<std::string> GraphSource::find_token_inputs(int64_t length) const {
    return find_differing_inputs(capture(length, 1, 3), capture(length, 1, 4));
}

std::vector<std::string> find_differing_inputs(const ModelGraph& one, const ModelGraph& other) {
    if (one.nodes.size() != other.nodes.size()) {
        throw UnfollowedGraph("llama.cpp builds another graph for other tokens");
    }
    std::vector<std::string> names;
    for (size_t n = 0; n < one.nodes.size(); n++) {
        for (int i = 0; i < GGML_MAX_SRC; i++) {
            const auto found = one.data.find(one.nodes[n]->src[i]);
            if (found == one.data.end()) {
                continue;
            }
            const auto same = other.data.find(other.nodes[n]->src[i]);
            const std::string name = found->first->name;
            if ((same == other.data.end() || same->second != found->second) &&
                std::find(names.begin(), names.end(), name) == names.end()) {
                names.push_back(name);
            }
        }
    }
    return names;
}

} // namespace mixllm
