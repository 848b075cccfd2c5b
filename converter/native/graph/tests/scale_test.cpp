// Holds what `find_scale_groups` finds in graphs made by hand against what is free there.

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "graph/scale_groups.h"

using namespace mixllm;

namespace {

constexpr int64_t tokens = 5;
constexpr int64_t hidden = 32;

int failures = 0;

void expect(bool holds, const std::string& what) {
    std::printf("%s %s\n", holds ? "ok" : "FAILED", what.c_str());
    failures += holds ? 0 : 1;
}

/// A section under construction, and another behind it.
class Block {
public:
    Block() : graph_(tokens, 1, 256) { sections_.resize(2); }

    ggml_context* context() const { return graph_.context(); }

    ggml_tensor* weight(const char* name, int64_t ne0, int64_t ne1 = 1, int64_t ne2 = 1) {
        return leaf(ModelGraph::Leaf::weight, name, GGML_TYPE_F32, ne0, ne1, ne2);
    }

    ggml_tensor* input(ggml_type type, int64_t ne0, int64_t ne1 = tokens) {
        return leaf(ModelGraph::Leaf::input, "input", type, ne0, ne1, 1);
    }

    /// Adds a node, and those before it that are not there yet.
    ggml_tensor* add(ggml_tensor* node, size_t section = 0) {
        std::vector<ggml_tensor*>& nodes = sections_[section].nodes;
        for (ggml_tensor* source : node->src) {
            if (source != nullptr && source->op != GGML_OP_NONE &&
                std::find(sections_[0].nodes.begin(), sections_[0].nodes.end(), viewed(source)) ==
                    sections_[0].nodes.end()) {
                add(viewed(source), section);
            }
        }
        nodes.push_back(node);
        return node;
    }

    void keep(ggml_tensor* value) { sections_[0].outputs.push_back(value); }

    std::vector<ScaleGroup> groups() const { return find_scale_groups(graph_, sections_, 0); }

private:
    ggml_tensor* leaf(ModelGraph::Leaf kind, const char* name, ggml_type type, int64_t ne0, int64_t ne1, int64_t ne2) {
        ggml_tensor* tensor = ggml_new_tensor_3d(context(), type, ne0, ne1, ne2);
        ggml_set_name(tensor, name);
        graph_.leaves.emplace(tensor, kind);
        return tensor;
    }

    ModelGraph graph_;
    std::vector<Section> sections_;
};

/// The scales of a group's producer, -1 for none; empty when there is no such group.
std::vector<int32_t> produced(const Block& block, const std::string& weight) {
    for (const ScaleGroup& group : block.groups()) {
        for (const ScaleGroup::Producer& producer : group.producers) {
            if (producer.weight == weight) {
                return producer.scales;
            }
        }
    }
    return {};
}

std::vector<int32_t> read_by(const Block& block, const std::string& weight) {
    for (const ScaleGroup& group : block.groups()) {
        if (std::find(group.consumers.begin(), group.consumers.end(), weight) != group.consumers.end()) {
            return group.scales;
        }
    }
    return {};
}

std::vector<int32_t> count_up(int32_t first, int32_t count) {
    std::vector<int32_t> numbers;
    for (int32_t i = 0; i < count; i++) {
        numbers.push_back(first + i);
    }
    return numbers;
}

/// Attention in which four heads of queries read two of values, of 8 channels each, the values fused with the keys.
void check_attention() {
    Block block;
    ggml_context* c = block.context();
    ggml_tensor* x = block.input(GGML_TYPE_F32, hidden);
    ggml_tensor* kv = ggml_mul_mat(c, block.weight("kv", hidden, 32), x);
    ggml_tensor* with_bias = ggml_add(c, kv, block.weight("bias", 32));
    const size_t row = 32 * sizeof(float);
    ggml_tensor* k = ggml_view_3d(c, with_bias, 8, 2, tokens, 8 * sizeof(float), row, 0);
    ggml_tensor* v = ggml_view_3d(c, with_bias, 8, 2, tokens, 8 * sizeof(float), row, 16 * sizeof(float));
    ggml_tensor* q = ggml_mul_mat(c, block.weight("q", hidden, 32), x);
    ggml_tensor* queries = ggml_permute(c, ggml_reshape_3d(c, q, 8, 4, tokens), 0, 2, 1, 3);
    ggml_tensor* scores = ggml_soft_max(c, ggml_mul_mat(c, ggml_cont(c, ggml_permute(c, k, 0, 2, 1, 3)), queries));
    ggml_tensor* values = ggml_cont(c, ggml_permute(c, v, 1, 2, 0, 3)); // [tokens, 8, 2]
    ggml_tensor* mixed = ggml_mul_mat(c, values, scores);               // [8, tokens, 4]
    ggml_tensor* joined = ggml_cont_2d(c, ggml_permute(c, mixed, 0, 2, 1, 3), 32, tokens);
    block.keep(block.add(ggml_mul_mat(c, block.weight("o", 32, hidden), joined)));

    std::vector<int32_t> rows(16, ScaleGroup::no_scale);
    for (const int32_t scale : count_up(16, 16)) {
        rows.push_back(scale);
    }
    expect(produced(block, "kv") == rows, "of fused keys and values the values are free");
    expect(produced(block, "bias") == rows, "so is their bias");
    std::vector<int32_t> columns;
    for (const int32_t head : {0, 0, 1, 1}) {
        for (const int32_t scale : count_up(16 + 8 * head, 8)) {
            columns.push_back(scale);
        }
    }
    expect(read_by(block, "o") == columns, "heads of queries share the scales of their heads of values");
    expect(produced(block, "q").empty(), "queries are not free");
}

using Gate = std::function<ggml_tensor*(ggml_context*, ggml_tensor* gate, ggml_tensor* up)>;

/// A feed-forward; `extra` may use its values in another way.
bool is_up_free(const Gate& gate,
                const std::function<void(Block&, ggml_tensor* up, ggml_tensor* product)>& extra = {}) {
    Block block;
    ggml_context* c = block.context();
    ggml_tensor* x = block.input(GGML_TYPE_F32, hidden);
    ggml_tensor* up = ggml_mul_mat(c, block.weight("up", hidden, 64), x);
    ggml_tensor* product = gate(c, ggml_mul_mat(c, block.weight("gate", hidden, 64), x), up);
    block.keep(block.add(ggml_mul_mat(c, block.weight("down", 64, hidden), product)));
    if (extra) {
        extra(block, up, product);
    }
    expect(produced(block, "gate").empty(), "what is activated is not free");
    return produced(block, "up") == count_up(0, 64) && read_by(block, "down") == count_up(0, 64);
}

void check_gates() {
    const Gate swiglu = [](ggml_context* c, ggml_tensor* gate, ggml_tensor* up) {
        return ggml_swiglu_split(c, gate, up);
    };
    expect(is_up_free(swiglu), "the factor of a gate is free");
    expect(is_up_free(
               [](ggml_context* c, ggml_tensor* gate, ggml_tensor* up) { return ggml_mul(c, ggml_silu(c, gate), up); }),
           "so is that of a product with an activated value");
    expect(!is_up_free([](ggml_context* c, ggml_tensor* gate, ggml_tensor* up) {
        return ggml_swiglu_oai(c, gate, up, 1.702f, 7.0f);
    }),
           "not where 1 is added to it");
    expect(!is_up_free([](ggml_context* c, ggml_tensor* gate, ggml_tensor* up) {
        ggml_tensor* product = ggml_swiglu_split(c, gate, up);
        product->op_params[0] = GGML_GLU_OP_SWIGLU_CLAMP;
        return product;
    }),
           "nor where it is clamped");
    expect(!is_up_free([](ggml_context* c, ggml_tensor* gate, ggml_tensor* up) {
        return ggml_mul(c, ggml_silu(c, gate), ggml_mul(c, up, up));
    }),
           "nor where it is squared");
    expect(!is_up_free(swiglu, [](Block& block, ggml_tensor*, ggml_tensor* product) { block.keep(product); }),
           "nor where later blocks read it");
    expect(!is_up_free(swiglu, [](Block& block, ggml_tensor* up,
                                  ggml_tensor*) { block.keep(block.add(ggml_soft_max(block.context(), up))); }),
           "nor where another operation does");
    expect(!is_up_free(swiglu,
                       [](Block& block, ggml_tensor*, ggml_tensor* product) {
                           ggml_tensor* once_more = ggml_mul_mat(block.context(), block.weight("down", 64, hidden),
                                                                 ggml_silu(block.context(), product));
                           block.keep(block.add(once_more));
                       }),
           "nor where its reader reads something else, too");
    expect(!is_up_free(swiglu,
                       [](Block& block, ggml_tensor*, ggml_tensor*) {
                           ggml_tensor* x = block.input(GGML_TYPE_F32, hidden);
                           block.add(ggml_mul_mat(block.context(), block.weight("up", hidden, 64), x), 1);
                       }),
           "nor where another block has the same weight");
}

/// Experts whose down projection is by the numbers `reorder` makes of those of up and gate.
bool are_experts_free(const std::function<ggml_tensor*(ggml_context*, ggml_tensor* product)>& reorder) {
    constexpr int64_t used = 2;
    Block block;
    ggml_context* c = block.context();
    ggml_tensor* x = ggml_reshape_3d(c, block.input(GGML_TYPE_F32, hidden), hidden, 1, tokens);
    ggml_tensor* ids = block.input(GGML_TYPE_I32, used);
    ggml_tensor* up = ggml_mul_mat_id(c, block.weight("up", hidden, 64, 4), x, ids);
    ggml_tensor* with_bias = ggml_add_id(c, up, block.weight("bias", 64, 4), ids);
    ggml_tensor* gate = ggml_mul_mat_id(c, block.weight("gate", hidden, 64, 4), x, ids);
    ggml_tensor* product = reorder(c, ggml_swiglu_split(c, gate, with_bias));
    block.keep(block.add(ggml_mul_mat_id(c, block.weight("down", 64, hidden, 4), product, ids)));
    return produced(block, "up") == count_up(0, 64) && produced(block, "bias") == count_up(0, 64) &&
           read_by(block, "down") == count_up(0, 64);
}

void check_experts() {
    expect(are_experts_free([](ggml_context*, ggml_tensor* product) { return product; }), "experts are free");
    expect(!are_experts_free([](ggml_context* c, ggml_tensor* product) {
        ggml_tensor* turned = ggml_view_3d(c, product, 64, 2, tokens, product->nb[2], product->nb[1], 0);
        return ggml_reshape_3d(c, ggml_cont(c, turned), 64, 2, tokens);
    }),
           "not where the outputs of one come to the weights of another");
}

/// A gain of one head that all heads have, as gated norms of recurrences do.
void check_shared_gain() {
    Block block;
    ggml_context* c = block.context();
    ggml_tensor* x = ggml_reshape_3d(c, block.input(GGML_TYPE_F32, hidden), 8, 4, tokens);
    ggml_tensor* normed = ggml_mul(c, ggml_rms_norm(c, x, 1e-6f), block.weight("gain", 8));
    ggml_tensor* gated = ggml_mul(c, normed, ggml_silu(c, x));
    ggml_tensor* joined = ggml_reshape_2d(c, gated, hidden, tokens);
    block.keep(block.add(ggml_mul_mat(c, block.weight("out", hidden, hidden), joined)));
    std::vector<int32_t> columns;
    for (int head = 0; head < 4; head++) {
        for (const int32_t scale : count_up(0, 8)) {
            columns.push_back(scale);
        }
    }
    expect(produced(block, "gain") == count_up(0, 8) && read_by(block, "out") == columns,
           "heads share the scales of their gain");
}

} // namespace

int main() {
    check_attention();
    check_gates();
    check_experts();
    check_shared_gain();
    return failures == 0 ? 0 : 1;
}
