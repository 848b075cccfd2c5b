#include "random_model.h"

#include "../../common/format/mixllm_format.h"
#include "ggml.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

template <typename T>
static Tensor make_tensor(ggml_type type, std::vector<int64_t> ne, const std::vector<T>& values) {
    Tensor tensor{type, std::move(ne), std::vector<uint8_t>(values.size() * sizeof(T))};
    if (!values.empty()) {
        memcpy(tensor.data.data(), values.data(), tensor.data.size());
    }
    return tensor;
}

void add_linear(Model& mixed, Model& plain, const std::string& name, int n_inputs, int n4, int n8,
                std::mt19937& random) {
    const int n = n4 + n8, groups = static_cast<int>(mixllm_groups(n_inputs));
    const auto uniform = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
    std::vector<uint8_t> w4(static_cast<size_t>(n4) * n_inputs / 2), zero(static_cast<size_t>(groups) * n4 / 2);
    std::vector<int8_t> w8(static_cast<size_t>(n8) * n_inputs);
    std::vector<ggml_fp16_t> scale4(static_cast<size_t>(groups) * n4), scale8(static_cast<size_t>(groups) * n8);
    std::vector<uint8_t> mask(n / 8);
    std::vector<float> values(static_cast<size_t>(n) * n_inputs);
    // Every third channel is an 8-bit one as long as there are any left to give.
    int next4 = 0, next8 = 0;
    for (int channel = 0; channel < n; channel++) {
        const bool is8 = next4 == n4 || (channel % 3 == 0 && next8 < n8);
        const int row = is8 ? next8++ : next4++;
        mask[channel / 8] |= is8 << channel % 8;
        for (int group = 0; group < groups; group++) {
            const int end = std::min(n_inputs, (group + 1) * MIXLLM_GROUP_SIZE);
            const ggml_fp16_t scale = ggml_fp32_to_fp16((is8 ? 0.001f : 0.015f) * uniform(5, 15) / 10.0f);
            const int z = is8 ? 0 : uniform(5, 10);
            (is8 ? scale8 : scale4)[group * (is8 ? n8 : n4) + row] = scale;
            if (!is8) {
                zero[group * n4 / 2 + row / 2] |= z << (row % 2 * 4);
            }
            for (int k = group * MIXLLM_GROUP_SIZE; k < end; k++) {
                const int q = is8 ? uniform(-127, 127) : uniform(0, 15);
                if (is8) {
                    w8[row * n_inputs + k] = q;
                } else {
                    w4[row * n_inputs / 2 + k / 32 * 16 + k % 16] |= q << (k % 32 / 16 * 4);
                }
                values[channel * n_inputs + k] = (q - z) * ggml_fp16_to_fp32(scale);
            }
        }
    }
    plain.tensors[name] = make_tensor(GGML_TYPE_F32, {n_inputs, n}, values);
    if (n4 > 0) {
        mixed.tensors[name + ".w4"] = make_tensor(GGML_TYPE_I8, {n_inputs / 2, n4}, w4);
        mixed.tensors[name + ".w4_scale"] = make_tensor(GGML_TYPE_F16, {n4, groups}, scale4);
        mixed.tensors[name + ".w4_zero"] = make_tensor(GGML_TYPE_I8, {n4 / 2, groups}, zero);
    }
    if (n8 > 0) {
        mixed.tensors[name + ".w8"] = make_tensor(GGML_TYPE_I8, {n_inputs, n8}, w8);
        mixed.tensors[name + ".w8_scale"] = make_tensor(GGML_TYPE_F16, {n8, groups}, scale8);
    }
    mixed.tensors[name + ".mask"] = make_tensor(GGML_TYPE_I8, {n / 8}, mask);
}

void add_experts(Model& mixed, Model& plain, const std::string& name, int n_inputs, int n_outputs,
                 const std::vector<int>& n8, std::mt19937& random) {
    const auto append = [](Model& model, const std::string& stack, const Tensor& part) {
        Tensor& tensor = model.tensors.emplace(stack, Tensor{part.type, {}, {}}).first->second;
        tensor.data.insert(tensor.data.end(), part.data.begin(), part.data.end());
        return &tensor;
    };
    if (n8.size() == 1) {
        add_linear(mixed, plain, name, n_inputs, n_outputs - n8[0], n8[0], random);
        plain.tensors[name].ne.push_back(1);
        return;
    }
    int sum8 = 0;
    for (const int expert8 : n8) {
        Model mixed_expert, plain_expert;
        add_linear(mixed_expert, plain_expert, name, n_inputs, n_outputs - expert8, expert8, random);
        for (const auto& [component, part] : mixed_expert.tensors) {
            append(mixed, component, part);
        }
        append(plain, name, plain_expert.tensors[name])->ne = {n_inputs, n_outputs, static_cast<int>(n8.size())};
        sum8 += expert8;
    }
    const int64_t experts = n8.size(), groups = mixllm_groups(n_inputs), sum4 = n_outputs * experts - sum8;
    mixed.tensors[name + ".mask"].ne = {n_outputs / 8, experts};
    if (sum4 > 0) {
        mixed.tensors[name + ".w4"].ne = {n_inputs / 2, sum4};
        mixed.tensors[name + ".w4_scale"].ne = {groups * sum4};
        mixed.tensors[name + ".w4_zero"].ne = {groups * sum4 / 2};
    }
    if (sum8 > 0) {
        mixed.tensors[name + ".w8"].ne = {n_inputs, sum8};
        mixed.tensors[name + ".w8_scale"].ne = {groups * sum8};
    }
}

void store_as_version_1(Model& mixed) {
    mixed.mixllm_metadata["mixllm.version"] = 1;
    const Tensors tensors = mixed.tensors;
    for (const auto& [name, mask] : tensors) {
        const size_t at = name.rfind(".mask");
        if (at != std::string::npos) {
            std::vector<int32_t> rows[2]; // of 4 and of 8 bits
            for (int channel = 0; channel < 8 * mask.ne[0]; channel++) {
                rows[mask.data[channel / 8] >> channel % 8 & 1].push_back(channel);
            }
            rows[0].insert(rows[0].end(), rows[1].begin(), rows[1].end());
            mixed.tensors[name.substr(0, at) + ".rows"] = make_tensor(GGML_TYPE_I32, {8 * mask.ne[0]}, rows[0]);
            mixed.tensors.erase(name);
        }
    }
}

Tensor random_tensor(std::vector<int64_t> ne, float mean, float deviation, std::mt19937& random) {
    size_t count = 1;
    for (int64_t n : ne) {
        count *= n;
    }
    std::vector<float> values(count);
    std::normal_distribution<float> normal(mean, deviation);
    for (float& value : values) {
        value = normal(random);
    }
    return make_tensor(GGML_TYPE_F32, std::move(ne), values);
}

namespace {

void make_models(Model& mixed, Model& plain, int experts) {
    std::mt19937 random(1);
    const auto add_both = [&](const std::string& name, const Tensor& tensor) {
        mixed.tensors[name] = tensor;
        plain.tensors[name] = tensor;
    };
    add_both("token_embd.weight", random_tensor({N_EMBD, N_VOCAB}, 0.0f, 1.0f, random));
    add_both("output_norm.weight", random_tensor({N_EMBD}, 1.0f, 0.1f, random));
    add_linear(mixed, plain, "output.weight", N_EMBD, 48, 16, random);
    for (int layer = 0; layer < N_LAYERS; layer++) {
        const std::string block = "blk." + std::to_string(layer) + ".";
        add_both(block + "attn_norm.weight", random_tensor({N_EMBD}, 1.0f, 0.1f, random));
        add_both(block + "ffn_norm.weight", random_tensor({N_EMBD}, 1.0f, 0.1f, random));
        add_linear(mixed, plain, block + "attn_q.weight", N_EMBD, 112, 48, random);
        add_linear(mixed, plain, block + "attn_k.weight", N_EMBD, 32, 0, random);
        add_linear(mixed, plain, block + "attn_v.weight", N_EMBD, 0, 32, random);
        add_linear(mixed, plain, block + "attn_output.weight", N_EMBD, 144, 16, random);
        if (experts > 0) {
            const auto add_stack = [&](const std::string& name, int n_inputs, int n_outputs, std::vector<int> n8) {
                n8.resize(experts);
                add_experts(mixed, plain, block + name, n_inputs, n_outputs, n8, random);
            };
            // Counts that differ, no 8-bit channels at all, none but those.
            add_both(block + "ffn_gate_inp.weight", random_tensor({N_EMBD, experts}, 0.0f, 0.2f, random));
            const std::vector<int> down8[] = {{160, 160, 160, 160}, {0, 160, 48, 16}};
            add_stack("ffn_gate_exps.weight", N_EMBD, N_FFN, {16, 0, 256, 96});
            add_stack("ffn_up_exps.weight", N_EMBD, N_FFN, {0, 0, 0, 0});
            add_stack("ffn_down_exps.weight", N_FFN, N_EMBD, down8[layer % 2]);
            continue;
        }
        add_linear(mixed, plain, block + "ffn_gate.weight", N_EMBD, 176, 80, random);
        add_linear(mixed, plain, block + "ffn_up.weight", N_EMBD, N_FFN, 0, random);
        add_linear(mixed, plain, block + "ffn_down.weight", N_FFN, 128, 32, random);
    }
    mixed.mixllm_metadata = {{"mixllm.version", MIXLLM_FORMAT_VERSION}, {"mixllm.group_size", MIXLLM_GROUP_SIZE}};
    mixed.experts = plain.experts = experts;
}

} // namespace

void make_models(Model& mixed, Model& plain) {
    make_models(mixed, plain, 0);
}

void make_expert_models(Model& mixed, Model& plain, int experts) {
    make_models(mixed, plain, experts);
}

void add_tensors(gguf_context* file, ggml_context* context, const Tensors& tensors) {
    for (const auto& [name, tensor] : tensors) {
        ggml_tensor* t = ggml_new_tensor(context, tensor.type, static_cast<int>(tensor.ne.size()), tensor.ne.data());
        ggml_set_name(t, name.c_str());
        if (t->data == nullptr) {
            t->data = ggml_get_mem_buffer(context); // of a tensor without elements: the writer wants an address
        } else if (!tensor.data.empty()) {
            memcpy(t->data, tensor.data.data(), std::min(ggml_nbytes(t), tensor.data.size()));
        }
        gguf_add_tensor(file, t);
    }
}

gguf_ptr describe(const Model& model, ggml_context_ptr& context) {
    gguf_ptr file(gguf_init_empty(), gguf_free);
    gguf_set_val_str(file.get(), "general.architecture", model.architecture.c_str());
    const std::pair<const char*, uint32_t> sizes[] = {
        {"block_count", N_LAYERS},          {"context_length", 64},
        {"embedding_length", N_EMBD},       {"feed_forward_length", N_FFN},
        {"attention.head_count", N_HEADS},  {"attention.head_count_kv", N_KV_HEADS},
        {"attention.key_length", HEAD_DIM}, {"attention.value_length", HEAD_DIM},
        {"rope.dimension_count", HEAD_DIM}, {"vocab_size", N_VOCAB},
    };
    const std::string prefix = model.architecture + ".";
    for (const auto& [key, value] : sizes) {
        gguf_set_val_u32(file.get(), (prefix + key).c_str(), value);
    }
    if (model.experts > 0) {
        gguf_set_val_u32(file.get(), (prefix + "expert_count").c_str(), model.experts);
        gguf_set_val_u32(file.get(), (prefix + "expert_used_count").c_str(), std::min(2, model.experts));
    }
    gguf_set_val_f32(file.get(), (prefix + "attention.layer_norm_rms_epsilon").c_str(), 1e-5f);
    gguf_set_val_str(file.get(), "tokenizer.ggml.model", "no_vocab");
    for (const auto& [key, value] : model.mixllm_metadata) {
        gguf_set_val_u32(file.get(), key.c_str(), value);
    }
    for (const auto& edit : model.edits) {
        edit(file.get());
    }
    context.reset(ggml_init({16u << 20, nullptr, false}));
    add_tensors(file.get(), context.get(), model.tensors);
    return file;
}

void write_model(const Model& model, const std::string& path) {
    ggml_context_ptr context;
    if (!gguf_write_to_file(describe(model, context).get(), path.c_str(), false)) {
        fprintf(stderr, "cannot write %s\n", path.c_str());
        exit(1);
    }
}
