#include "mutate_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>

namespace {

template <typename T>
T pick(const std::vector<T>& choices, std::mt19937& random) {
    return choices[random() % choices.size()];
}

uint32_t any_size(std::mt19937& random) {
    static const std::vector<uint32_t> sizes = {0, 1, 2, 3, 5, 16, 31, 32, 33, 64, 127, 128, 160, 512, 513, 65535};
    static const std::vector<uint32_t> extremes = {0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
    return random() % 4 == 0 ? pick(extremes, random) : pick(sizes, random);
}

float any_float(std::mt19937& random) {
    static const std::vector<float> floats = {0.0f,   -0.0f, 1.0f,     -1.0f,    1e-38f,    3e38f,
                                              -3e38f, 1e-5f, 10000.0f, INFINITY, -INFINITY, NAN};
    return pick(floats, random);
}

std::string any_text(std::mt19937& random) {
    static const std::vector<std::string> texts = {"",      " ",        "t7",    "<0x0A>", "<0xZZ>", "<0x",  "\xff\xfe",
                                                   "llama", "gpt2",     "bert",  "t5",     "rwkv",   "none", "linear",
                                                   "yarn",  "longrope", "qwen2", "\n",     "▁"};
    return random() % 8 == 0 ? std::string(random() % 5000, 'a') : pick(texts, random);
}

// Sets a key to a value of any type.
void set_any(gguf_context* file, const std::string& key, std::mt19937& random) {
    const char* k = key.c_str();
    switch (random() % 10) {
    case 0:
    case 1:
    case 2:
        return gguf_set_val_u32(file, k, any_size(random));
    case 3:
    case 4:
        return gguf_set_val_f32(file, k, any_float(random));
    case 5:
        return gguf_set_val_str(file, k, any_text(random).c_str());
    case 6:
        return gguf_set_val_bool(file, k, random() % 2 != 0);
    case 7: {
        std::vector<uint32_t> values(pick<size_t>({0, 1, N_LAYERS, N_LAYERS + 1, 600}, random));
        std::generate(values.begin(), values.end(), [&] { return any_size(random); });
        return gguf_set_arr_data(file, k, random() % 2 ? GGUF_TYPE_UINT32 : GGUF_TYPE_INT32, values.data(),
                                 values.size());
    }
    case 8: {
        std::vector<float> values(pick<size_t>({0, 1, N_VOCAB}, random));
        std::generate(values.begin(), values.end(), [&] { return any_float(random); });
        return gguf_set_arr_data(file, k, GGUF_TYPE_FLOAT32, values.data(), values.size());
    }
    default:
        gguf_remove_key(file, k);
    }
}

void set_tokens(gguf_context* file, const std::vector<std::string>& texts) {
    std::vector<const char*> pointers;
    for (const std::string& text : texts) {
        pointers.push_back(text.c_str());
    }
    gguf_set_arr_str(file, "tokenizer.ggml.tokens", pointers.data(), pointers.size());
}

void mutate_metadata(Model& model, std::mt19937& random) {
    // What the graph of the architecture reads, and what others do.
    static const std::vector<std::string> hyperparameters = {"block_count",
                                                             "context_length",
                                                             "embedding_length",
                                                             "feed_forward_length",
                                                             "vocab_size",
                                                             "nextn_predict_layers",
                                                             "expert_count",
                                                             "expert_used_count",
                                                             "expert_group_count",
                                                             "expert_group_used_count",
                                                             "expert_feed_forward_length",
                                                             "attention.head_count",
                                                             "attention.head_count_kv",
                                                             "attention.key_length",
                                                             "attention.value_length",
                                                             "attention.key_length_swa",
                                                             "attention.layer_norm_rms_epsilon",
                                                             "attention.layer_norm_epsilon",
                                                             "attention.sliding_window",
                                                             "attention.scale",
                                                             "attention.causal",
                                                             "attention.clamp_kqv",
                                                             "attention.max_alibi_bias",
                                                             "rope.dimension_count",
                                                             "rope.dimension_sections",
                                                             "rope.freq_base",
                                                             "rope.scaling.type",
                                                             "rope.scaling.factor",
                                                             "rope.scaling.original_context_length",
                                                             "rope.scaling.attn_factor",
                                                             "rope.scaling.yarn_ext_factor",
                                                             "logit_scale",
                                                             "pooling_type",
                                                             "use_parallel_residual",
                                                             "tensor_data_layout",
                                                             "embedding_length_out"};
    static const std::vector<std::string> others = {"general.architecture",
                                                    "general.alignment",
                                                    "general.name",
                                                    "general.file_type",
                                                    "mixllm.group_size",
                                                    "tokenizer.ggml.model",
                                                    "tokenizer.ggml.pre",
                                                    "tokenizer.ggml.tokens",
                                                    "tokenizer.ggml.merges",
                                                    "tokenizer.ggml.scores",
                                                    "tokenizer.ggml.token_type",
                                                    "tokenizer.ggml.bos_token_id",
                                                    "tokenizer.ggml.eos_token_id",
                                                    "tokenizer.ggml.unknown_token_id",
                                                    "tokenizer.ggml.padding_token_id",
                                                    "tokenizer.ggml.add_bos_token",
                                                    "tokenizer.ggml.add_eos_token",
                                                    "tokenizer.ggml.add_sep_token",
                                                    "tokenizer.ggml.add_space_prefix",
                                                    "tokenizer.ggml.precompiled_charsmap",
                                                    "tokenizer.ggml.suppress_tokens",
                                                    "split.count",
                                                    "split.no"};
    const std::string key =
        random() % 3 != 0 ? model.architecture + "." + pick(hyperparameters, random) : pick(others, random);
    if (key == "general.alignment") {
        return; // the writer of test files refuses it; mutate_file changes it
    }
    const unsigned seed = random();
    model.edits.push_back([key, seed](gguf_context* file) {
        std::mt19937 own(seed);
        set_any(file, key, own);
    });
}

void mutate_tokens(Model& model, std::mt19937& random) {
    const unsigned seed = random();
    model.edits.push_back([seed](gguf_context* file) {
        std::mt19937 own(seed);
        std::vector<std::string> texts(own() % 8 == 0 ? own() % 300 : N_VOCAB);
        for (size_t i = 0; i < texts.size(); i++) {
            texts[i] = own() % 16 == 0 ? any_text(own) : "t" + std::to_string(i);
        }
        set_tokens(file, texts);
        std::vector<int32_t> types(texts.size());
        std::generate(types.begin(), types.end(), [&] { return own() % 8 == 0 ? own() % 9 : 1; });
        gguf_set_arr_data(file, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, types.data(), types.size());
    });
}

int64_t any_extent(int64_t extent, std::mt19937& random) {
    switch (random() % 8) {
    case 0:
        return 0;
    case 1:
        return 1;
    case 2:
        return extent + 16;
    case 3:
        return extent > 16 ? extent - 16 : extent;
    case 4:
        return extent + 1;
    case 5:
        return extent * 2;
    default:
        return random() % 300;
    }
}

void mutate_tensor(Model& model, std::mt19937& random) {
    auto entry = model.tensors.begin();
    std::advance(entry, random() % model.tensors.size());
    Tensor& tensor = entry->second;
    static const std::vector<ggml_type> types = {GGML_TYPE_F32,  GGML_TYPE_F16,  GGML_TYPE_BF16, GGML_TYPE_Q8_0,
                                                 GGML_TYPE_Q4_0, GGML_TYPE_Q4_K, GGML_TYPE_Q6_K, GGML_TYPE_I8,
                                                 GGML_TYPE_I16,  GGML_TYPE_I32,  GGML_TYPE_I64,  GGML_TYPE_F64};
    switch (random() % 7) {
    case 0:
        model.tensors.erase(entry);
        return;
    case 1: {
        const ggml_type type = pick(types, random);
        if (tensor.ne[0] % ggml_blck_size(type) == 0) {
            tensor.type = type;
        }
        return;
    }
    case 2: {
        int64_t& extent = tensor.ne[random() % tensor.ne.size()];
        extent = any_extent(extent, random);
        tensor.ne[0] -= tensor.ne[0] % ggml_blck_size(tensor.type);
        return;
    }
    case 3:
        if (tensor.ne.size() < 4) {
            tensor.ne.push_back(random() % 3);
        }
        return;
    case 4: {
        Tensor moved = tensor;
        const std::string name = entry->first;
        model.tensors.erase(entry);
        static const std::vector<std::string> endings = {".w4", ".w8", ".rows", ".mask", ".w4_scale", ".bias", ""};
        model.tensors[name.substr(0, name.rfind('.')) + pick(endings, random)] = moved;
        return;
    }
    case 5:
        std::reverse(tensor.ne.begin(), tensor.ne.end());
        tensor.ne[0] -= tensor.ne[0] % ggml_blck_size(tensor.type);
        return;
    default:
        for (auto& [name, other] : model.tensors) {
            if (other.type == GGML_TYPE_I32 && random() % 4 == 0 && other.data.size() >= 4) {
                const int32_t value = static_cast<int32_t>(any_size(random));
                memcpy(other.data.data() + random() % (other.data.size() / 4) * 4, &value, sizeof(value));
            } else if (name.find(".mask") != std::string::npos && random() % 4 == 0 && !other.data.empty()) {
                other.data[random() % other.data.size()] = static_cast<uint8_t>(random());
            }
        }
    }
}

} // namespace

Model sound_model(std::mt19937& random) {
    static const std::vector<std::string> architectures = {"llama", "qwen2", "qwen3", "mistral3", "gemma2", "phi3"};
    static Model mixed, experts, plain;
    if (mixed.tensors.empty()) {
        make_models(mixed, plain);
        make_expert_models(experts, plain);
    }
    const bool stacked = random() % 2 != 0;
    Model model = stacked ? experts : mixed;
    if (!stacked && random() % 4 == 0) {
        store_as_version_1(model);
    }
    model.architecture = stacked             ? random() % 8 != 0 ? "llama" : "qwen3moe"
                         : random() % 4 != 0 ? architectures[random() % 2]
                                             : pick(architectures, random);
    model.edits.push_back([](gguf_context* file) {
        std::vector<std::string> texts;
        for (int i = 0; i < N_VOCAB; i++) {
            texts.push_back("t" + std::to_string(i));
        }
        set_tokens(file, texts);
        const char* merge = "t 1";
        gguf_set_val_str(file, "tokenizer.ggml.model", "gpt2");
        gguf_set_arr_str(file, "tokenizer.ggml.merges", &merge, 1);
    });
    return model;
}

void mutate_model(Model& model, std::mt19937& random) {
    for (unsigned n = 1 + random() % 3; n > 0 && !model.tensors.empty(); n--) {
        switch (random() % 4) {
        case 0:
        case 1:
            mutate_metadata(model, random);
            break;
        case 2:
            mutate_tensor(model, random);
            break;
        default:
            mutate_tokens(model, random);
        }
    }
}

void mutate_file(const std::string& path, std::mt19937& random) {
    std::ifstream in(path, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    in.close();
    const size_t header = std::min<size_t>(bytes.size(), 8192);
    for (unsigned n = 1 + random() % 3; n > 0; n--) {
        const size_t at = random() % header;
        switch (random() % 5) {
        case 0:
            bytes[at] = static_cast<char>(bytes[at] ^ 1 << random() % 8);
            break;
        case 1:
            bytes[at] = static_cast<char>(random());
            break;
        case 2: {
            const uint64_t value = random() % 2 ? any_size(random) : ~uint64_t{0} >> random() % 64;
            memcpy(&bytes[std::min(at, bytes.size() - 8)], &value, sizeof(value));
            break;
        }
        case 3:
            bytes.resize(std::max<size_t>(16, random() % bytes.size()));
            n = 1;
            break;
        default:
            bytes[random() % bytes.size()] = static_cast<char>(random());
        }
    }
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}
