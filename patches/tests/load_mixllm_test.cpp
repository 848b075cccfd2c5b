// Loads MixLLM files through llama.h: a whole one must compute what the same model computes in float32, whichever way
// it is loaded, with a LoRA adapter on it and whatever becomes of the file afterwards, and each way a file can be
// broken must fail with a message that names the tensor, key or token and what is wrong with it.
//   load-mixllm-test <hostileMetadata.txt>

#include "check.h"
#include "logits.h"
#include "random_model.h"
#include "temporary_path.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace {

// An adapter of an attention weight and of a weight of 256 inputs, of which there are as many as experts, or one.
void write_lora(const std::string& path, const std::string& down = "blk.1.ffn_down.weight", int experts = 1) {
    std::mt19937 random(7);
    constexpr int RANK = 4;
    Tensors tensors;
    for (const auto& [name, inputs, stacked] :
         {std::tuple(std::string("blk.0.attn_q.weight"), N_EMBD, 1), std::tuple(down, N_FFN, experts)}) {
        tensors[name + ".lora_a"] = random_tensor({inputs, RANK, stacked}, 0.0f, 0.2f, random);
        tensors[name + ".lora_b"] = random_tensor({RANK, N_EMBD, stacked}, 0.0f, 0.2f, random);
    }
    gguf_ptr file(gguf_init_empty(), gguf_free);
    gguf_set_val_str(file.get(), "general.architecture", "llama");
    gguf_set_val_str(file.get(), "general.type", "adapter");
    gguf_set_val_str(file.get(), "adapter.type", "lora");
    gguf_set_val_f32(file.get(), "adapter.lora.alpha", RANK);
    ggml_context_ptr context(ggml_init({4u << 20, nullptr, false}));
    add_tensors(file.get(), context.get(), tensors);
    gguf_write_to_file(file.get(), path.c_str(), false);
}

struct Break {
    const char* what;
    std::function<void(Model&)> apply;
    std::vector<const char*> expected; // all of these stand in the log
};

std::function<void(Model&)> change_type(const std::string& name, ggml_type type) {
    return [name, type](Model& m) { m.tensors[name].type = type; };
}

// A byte-level vocabulary of N_VOCAB tokens t0, t1, ..., with some of other texts.
std::function<void(Model&)> vocabulary(const std::map<int, std::string>& changed) {
    return [changed](Model& m) {
        m.edits.push_back([changed](gguf_context* file) {
            std::vector<std::string> texts;
            for (int i = 0; i < N_VOCAB; i++) {
                texts.push_back(changed.count(i) != 0 ? changed.at(i) : "t" + std::to_string(i));
            }
            std::vector<const char*> pointers;
            for (const std::string& text : texts) {
                pointers.push_back(text.c_str());
            }
            const char* merge = "t 1";
            gguf_set_val_str(file, "tokenizer.ggml.model", "gpt2");
            gguf_set_arr_str(file, "tokenizer.ggml.tokens", pointers.data(), pointers.size());
            gguf_set_arr_str(file, "tokenizer.ggml.merges", &merge, 1);
        });
    };
}

std::vector<Break> all_breaks() {
    static const std::string Q = "blk.0.attn_q.weight";
    const auto rows = [](std::map<int, int32_t> changed) {
        return [changed](Model& m) {
            store_as_version_1(m);
            for (const auto& [index, value] : changed) {
                memcpy(m.tensors[Q + ".rows"].data.data() + index * sizeof(value), &value, sizeof(value));
            }
        };
    };
    const auto mask = [](int byte, uint8_t value) {
        return [byte, value](Model& m) { m.tensors[Q + ".mask"].data[byte] = value; };
    };
    const auto remove = [](const char* suffix) { return [suffix](Model& m) { m.tensors.erase(Q + suffix); }; };
    const auto reshape = [](const char* suffix, std::vector<int64_t> ne) {
        return [suffix, ne](Model& m) { m.tensors[Q + suffix].ne = ne; };
    };
    return {
        {"a later version",
         [](Model& m) { m.mixllm_metadata["mixllm.version"] = 3; },
         {"version 3", "versions 1 to 2"}},
        {"an earlier version", [](Model& m) { m.mixllm_metadata["mixllm.version"] = 0; }, {"version 0"}},
        {"mask in a file of version 1",
         [](Model& m) {
             const Tensor mask = m.tensors[Q + ".mask"];
             store_as_version_1(m);
             m.tensors[Q + ".mask"] = mask;
         },
         {"attn_q.weight.mask", "version 1", "attn_q.weight.rows"}},
        {"rows in a file of version 2",
         [](Model& m) {
             const Tensors tensors = m.tensors;
             store_as_version_1(m);
             m.tensors.insert(tensors.begin(), tensors.end());
             m.mixllm_metadata["mixllm.version"] = 2;
         },
         {".weight.rows", "version 2", ".weight.mask"}},
        {"other group size", [](Model& m) { m.mixllm_metadata["mixllm.group_size"] = 64; }, {"mixllm.group_size"}},
        {"no group size", [](Model& m) { m.mixllm_metadata.erase("mixllm.group_size"); }, {"mixllm.group_size"}},
        {"no w4_scale", remove(".w4_scale"), {"attn_q.weight.w4_scale", "missing"}},
        {"no w4_zero", remove(".w4_zero"), {"attn_q.weight.w4_zero", "missing"}},
        {"no w8_scale", remove(".w8_scale"), {"attn_q.weight.w8_scale", "missing"}},
        {"no mask", remove(".mask"), {"attn_q.weight.mask", "missing"}},
        {"no rows",
         [](Model& m) {
             store_as_version_1(m);
             m.tensors.erase(Q + ".rows");
         },
         {"attn_q.weight.rows", "missing"}},
        {"scale without rows", remove(".w8"), {"attn_q.weight.w8_scale", "attn_q.weight.w8"}},
        {"N4 too small for rows", reshape(".w4", {N_EMBD / 2, 96}), {"attn_q.weight.w4_scale"}},
        {"N8 not of the rest", reshape(".w8", {N_EMBD, 32}), {"attn_q.weight.w8_scale"}},
        {"mask too short", reshape(".mask", {N_EMBD / 8 - 2}), {"attn_q.weight.mask", "[20, 1]"}},
        {"rows too short",
         [](Model& m) {
             store_as_version_1(m);
             m.tensors[Q + ".rows"].ne = {N_EMBD - 16};
         },
         {"attn_q.weight.rows"}},
        {"mask of another type", change_type(Q + ".mask", GGML_TYPE_F16), {"attn_q.weight.mask", "f16"}},
        {"K of w8 and w4 differ", reshape(".w8", {N_EMBD - 32, 48}), {"attn_q.weight.w4"}},
        {"N4 not a multiple of 16", reshape(".w4", {N_EMBD / 2, 111}), {"attn_q.weight.w4", "multiple of 16"}},
        {"scale of another type",
         [](Model& m) {
             m.tensors[Q + ".w4_scale"].type = GGML_TYPE_F32;
             m.tensors[Q + ".w4_scale"].data.resize(112 * 2 * 4);
         },
         {"attn_q.weight.w4_scale", "f32"}},
        {"a bit too many in the mask", mask(19, 0x80), {"attn_q.weight.mask", "49 8-bit", "multiple of 16"}},
        {"16 bits too many in the mask",
         [mask](Model& m) { mask(18, 0xff)(m), mask(19, 0xff)(m); },
         {"attn_q.weight.mask", "64 8-bit", "attn_q.weight.w8", "48"}},
        {"row twice", rows({{3, 17}, {4, 17}}), {"attn_q.weight.rows", "permutation"}},
        {"row out of range", rows({{159, 160}}), {"attn_q.weight.rows", "160"}},
        {"negative row", rows({{0, -1}}), {"attn_q.weight.rows", "-1"}},
        {"rows in another order", rows({{3, 5}, {4, 4}}), {"attn_q.weight.rows", "entry 4 is"}},
        {"no weight", [](Model& m) { m.tensors.clear(); }, {"no MixLLM weight"}},
        {"a tensor without elements",
         [](Model& m) {
             m.tensors["blk.0.attn_q.bias"] = {GGML_TYPE_F32, {0}, {}};
         },
         {"attn_q.bias", "no elements"}},
        {"a quantized norm", change_type("output_norm.weight", GGML_TYPE_Q8_0), {"output_norm.weight", "q8_0", "f32"}},
        {"a half-precision norm",
         change_type("blk.1.ffn_norm.weight", GGML_TYPE_F16),
         {"blk.1.ffn_norm.weight", "f16"}},
        {"an integer embedding", change_type("token_embd.weight", GGML_TYPE_I32), {"token_embd.weight", "i32"}},
        {"a half-precision bias",
         [](Model& m) {
             m.tensors["blk.0.attn_q.bias"] = {GGML_TYPE_F16, {N_EMBD}, {}};
         },
         {"blk.0.attn_q.bias", "f16"}},
        {"key length that only the graph of Qwen2 meets",
         [](Model& m) {
             m.architecture = "qwen2";
             m.edits.push_back([](gguf_context* f) { gguf_set_val_u32(f, "qwen2.attention.key_length", 64); });
         },
         {"qwen2.attention.key_length", "qwen2.attention.value_length"}},
        {"two tokens of one text", vocabulary({{5, "t7"}}), {"tokens 5 and 7", "'t7'"}},
        {"a byte token of another text",
         [](Model& m) {
             vocabulary({})(m);
             m.edits.push_back([](gguf_context* f) {
                 std::vector<int32_t> types(N_VOCAB, 1);
                 types[9] = 6;
                 gguf_set_arr_data(f, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, types.data(), types.size());
             });
         },
         {"token 9", "type byte"}},
        {"no tokens for bytes",
         [](Model& m) {
             vocabulary({})(m);
             m.edits.push_back([](gguf_context* f) { gguf_set_val_str(f, "tokenizer.ggml.model", "llama"); });
         },
         {"tokenizer.ggml.tokens", "byte 0x"}},
        {"BOS to be added and no BOS",
         [](Model& m) {
             vocabulary({})(m);
             m.edits.push_back([](gguf_context* f) { gguf_set_val_str(f, "tokenizer.ggml.model", "bert"); });
         },
         {"tokenizer.ggml.add_bos_token"}},
        {"whole and in components",
         [](Model& m) { m.tensors[Q] = m.tensors["token_embd.weight"]; },
         {"attn_q.weight", "both"}},
        {"a weight of another architecture's shape",
         [](Model& m) {
             std::mt19937 random(3);
             Model unused;
             for (const char* suffix : {".w4", ".w4_scale", ".w4_zero", ".w8", ".w8_scale", ".mask"}) {
                 m.tensors.erase(Q + suffix);
             }
             add_linear(m, unused, Q, N_EMBD, 96, 16, random);
         },
         {"attn_q.weight", "[160, 112]", "[160, 160]"}},
        {"an embedding in components",
         [](Model& m) {
             std::mt19937 random(3);
             Model unused;
             m.tensors.erase("token_embd.weight");
             add_linear(m, unused, "token_embd.weight", N_EMBD, 48, 16, random);
         },
         {"token_embd.weight", "GET_ROWS"}},
        {"no MixLLM metadata", [](Model& m) { m.mixllm_metadata.clear(); }, {"attn_q.weight"}},
    };
}

// Ways to break a model with experts.
std::vector<Break> expert_breaks() {
    static const std::string GATE = "blk.1.ffn_gate_exps.weight", DOWN = "blk.1.ffn_down_exps.weight";
    const auto reshape = [](const std::string& name, std::vector<int64_t> ne) {
        return [name, ne](Model& m) { m.tensors[name].ne = ne; };
    };
    const auto mask = [](std::map<int, uint8_t> changed) {
        return [changed](Model& m) {
            for (const auto& [byte, value] : changed) {
                m.tensors[GATE + ".mask"].data[byte] = value;
            }
        };
    };
    const auto stack = [](const std::string& name, int inputs, int outputs, std::vector<int> n8) {
        return [name, inputs, outputs, n8](Model& m) {
            std::mt19937 random(3);
            Model unused;
            for (const char* suffix : {"", ".w4", ".w4_scale", ".w4_zero", ".w8", ".w8_scale", ".mask"}) {
                m.tensors.erase(name + suffix);
            }
            add_experts(m, unused, name, inputs, outputs, n8, random);
        };
    };
    // Expert 1 has no 8-bit channels, expert 2 no others.
    return {
        {"an expert's 8-bit channels fill no tile",
         mask({{32, 1}}),
         {"ffn_gate_exps.weight.mask", "1 8-bit", "expert 1", "16"}},
        {"8-bit channels of another expert, without a tile", mask({{64, 0xfe}, {32, 1}}), {"expert 1"}},
        {"more 8-bit channels than there are rows of",
         mask({{40, 0xff}, {41, 0xff}}),
         {"ffn_gate_exps.weight.mask", "384 8-bit", "ffn_gate_exps.weight.w8", "368"}},
        {"fewer", mask({{64, 0}, {65, 0}}), {"ffn_gate_exps.weight.mask", "352 8-bit", "368"}},
        {"no mask", [](Model& m) { m.tensors.erase(GATE + ".mask"); }, {"ffn_gate_exps.weight.mask", "missing"}},
        {"a mask of other channels", reshape(GATE + ".mask", {30, 4}), {"ffn_gate_exps.weight.mask", "[32, 4]"}},
        {"a mask of other experts",
         reshape(GATE + ".mask", {32, 3}),
         {"ffn_gate_exps.weight", "for each of the 3 experts"}},
        {"a mask of three dimensions", reshape(GATE + ".mask", {32, 2, 2}), {"ffn_gate_exps.weight"}},
        {"more experts than channels", reshape(GATE + ".mask", {1, 128}), {"ffn_gate_exps.weight", "128 experts"}},
        {"scales as those of an ordinary weight",
         reshape(GATE + ".w4_scale", {656, 2}),
         {"ffn_gate_exps.weight.w4_scale", "[1312, 1]"}},
        {"zero points of another size",
         reshape(GATE + ".w4_zero", {640}),
         {"ffn_gate_exps.weight.w4_zero", "[656, 1]"}},
        {"scales of another size", reshape(DOWN + ".w8_scale", {416}), {"ffn_down_exps.weight.w8_scale", "[448, 1]"}},
        {"fewer rows of 4 bits", reshape(GATE + ".w4", {N_EMBD / 2, 640}), {"ffn_gate_exps.weight"}},
        {"fewer experts",
         stack(GATE, N_EMBD, N_FFN, {16, 0, 32}),
         {"ffn_gate_exps.weight", "[160, 256, 3]", "[160, 256, 4]"}},
        {"one expert", stack(GATE, N_EMBD, N_FFN, {16}), {"ffn_gate_exps.weight", "[160, 256, 1]", "[160, 256, 4]"}},
        {"other channels", stack(GATE, N_EMBD, 240, {16, 0, 32, 0}), {"ffn_gate_exps.weight", "[160, 240, 4]"}},
        {"other inputs", stack(GATE, 192, N_FFN, {16, 0, 32, 0}), {"ffn_gate_exps.weight", "[192, 256, 4]"}},
        {"experts in the place of a matrix",
         stack("blk.0.attn_q.weight", N_EMBD, N_EMBD, {16, 0}),
         {"attn_q.weight", "[160, 160, 2]", "[160, 160]"}},
        {"a router in components",
         [](Model& m) {
             std::mt19937 random(3);
             Model unused;
             m.tensors.erase("blk.1.ffn_gate_inp.weight");
             add_linear(m, unused, "blk.1.ffn_gate_inp.weight", N_EMBD, 16, 0, random);
         },
         {"ffn_gate_inp.weight", "[160, 16]", "[160, 4]"}},
        {"whole and in components",
         [](Model& m) { m.tensors[GATE] = m.tensors["token_embd.weight"]; },
         {"ffn_gate_exps.weight", "both"}},
        {"a stack in version 1",
         [](Model& m) {
             store_as_version_1(m);
             m.tensors[GATE + ".rows"] = {GGML_TYPE_I32, {N_FFN, N_EXPERTS}, std::vector<uint8_t>(4096)};
         },
         {"MixLLM", "_exps.weight"}},
    };
}

// Sets the `key type value` triples of a line of hostileMetadata.txt.
std::function<void(gguf_context*)> metadata_of(std::istringstream fields) {
    std::vector<std::array<std::string, 3>> triples;
    for (std::array<std::string, 3> t; fields >> t[0] >> t[1] >> t[2];) {
        triples.push_back(t);
    }
    return [triples](gguf_context* file) {
        for (const auto& [key, type, value] : triples) {
            if (type == "u32") {
                gguf_set_val_u32(file, key.c_str(), static_cast<uint32_t>(std::stoull(value)));
            } else if (type == "f32") {
                gguf_set_val_f32(file, key.c_str(), std::stof(value));
            } else {
                gguf_set_val_str(file, key.c_str(), value.c_str());
            }
        }
    };
}

// Overwrites the mask or the rows of every weight in the file, wherever they lie.
void spoil_order(const std::string& path, const Model& model) {
    std::ifstream in(path, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    for (const auto& [name, tensor] : model.tensors) {
        if (name.find(".mask") != std::string::npos || name.find(".rows") != std::string::npos) {
            const std::string order(tensor.data.begin(), tensor.data.end());
            for (size_t at = bytes.find(order); at != std::string::npos; at = bytes.find(order, at + 1)) {
                file.seekp(static_cast<std::streamoff>(at));
                file << std::string(order.size(), '\x7f');
            }
        }
    }
}

void check_refused(const std::string& path, const Model& sound, const std::vector<Break>& breaks) {
    for (const Break& broken : breaks) {
        Model model = sound;
        broken.apply(model);
        write_model(model, path);
        const bool refused = load(path) == nullptr;
        bool explained = true;
        for (const char* text : broken.expected) {
            explained = explained && log_text.find(text) != std::string::npos;
        }
        check(refused && explained, std::string("a file is refused with its reason: ") + broken.what);
    }
}

// Makes gpt-oss of a model with experts: biases of experts, and attention sinks.
void make_gpt_oss(Model& model) {
    std::mt19937 random(5);
    const auto add = [&](const std::string& name, std::vector<int64_t> ne) {
        model.tensors[name] = random_tensor(std::move(ne), 0.0f, 0.5f, random);
    };
    for (int layer = 0; layer < N_LAYERS; layer++) {
        const std::string block = "blk." + std::to_string(layer) + ".";
        model.tensors[block + "post_attention_norm.weight"] = model.tensors[block + "ffn_norm.weight"];
        model.tensors.erase(block + "ffn_norm.weight");
        add(block + "attn_sinks.weight", {N_HEADS});
        add(block + "attn_output.bias", {N_EMBD});
        add(block + "ffn_gate_inp.bias", {N_EXPERTS});
        add(block + "ffn_gate_exps.bias", {N_FFN, N_EXPERTS});
        add(block + "ffn_up_exps.bias", {N_FFN, N_EXPERTS});
        add(block + "ffn_down_exps.bias", {N_EMBD, N_EXPERTS});
    }
    model.architecture = "gpt-oss";
    model.edits.push_back([](gguf_context* file) {
        gguf_set_val_u32(file, "gpt-oss.attention.sliding_window", 32);
        gguf_set_val_u32(file, "gpt-oss.expert_feed_forward_length", N_FFN);
    });
}

// Makes granite_swa of a model with experts: gate and up fused in one stack.
void make_granite(Model& mixed, Model& plain) {
    std::mt19937 random(6);
    for (int layer = 0; layer < N_LAYERS; layer++) {
        const std::string block = "blk." + std::to_string(layer) + ".";
        for (Model* model : {&mixed, &plain}) {
            for (const char* part : {"gate", "up"}) {
                for (const char* suffix : {"", ".w4", ".w4_scale", ".w4_zero", ".w8", ".w8_scale", ".mask"}) {
                    model->tensors.erase(block + "ffn_" + part + "_exps.weight" + suffix);
                }
            }
            model->tensors[block + "attn_sinks.weight"] = Tensor{GGML_TYPE_F32, {N_HEADS}, {}};
            model->tensors[block + "attn_sinks.weight"].data.resize(N_HEADS * sizeof(float));
        }
        add_experts(mixed, plain, block + "ffn_gate_up_exps.weight", N_EMBD, 2 * N_FFN, {16, 512, 0, 272}, random);
    }
    for (Model* model : {&mixed, &plain}) {
        model->architecture = "granite_swa";
        model->edits.push_back([](gguf_context* file) {
            const bool sliding[N_LAYERS] = {true, false};
            const int32_t mapping[N_LAYERS] = {-1, -1};
            gguf_set_val_u32(file, "granite_swa.attention.sliding_window", 32);
            gguf_set_arr_data(file, "granite_swa.attention.sliding_window_pattern", GGUF_TYPE_BOOL, sliding, N_LAYERS);
            gguf_set_arr_data(file, "granite_swa.attention.rope_pattern", GGUF_TYPE_BOOL, sliding, N_LAYERS);
            gguf_set_arr_data(file, "granite_swa.deepstack_mapping", GGUF_TYPE_INT32, mapping, N_LAYERS);
            gguf_set_val_f32(file, "granite_swa.logit_scale", 1.0f);
        });
    }
}

// Experts with biases, and with gate and up in one stack.
void check_expert_kinds(const std::function<std::string(const char*)>& path) {
    Model mixed, plain;
    make_expert_models(mixed, plain);
    for (const bool fused : {false, true}) {
        Model own_mixed = mixed, own_plain = plain;
        if (fused) {
            make_granite(own_mixed, own_plain);
        } else {
            make_gpt_oss(own_mixed);
            make_gpt_oss(own_plain);
        }
        write_model(own_mixed, path("mixed-kind.gguf"));
        write_model(own_plain, path("plain-kind.gguf"));
        const std::vector<float> expected = logits(path("plain-kind.gguf"));
        const std::vector<float> tiled = logits(path("mixed-kind.gguf"));
        LoadOptions in_file;
        in_file.tile = false;
        check(!expected.empty() && relative_error(tiled, expected) < 5e-3,
              "logits match the float32 model: " + own_mixed.architecture);
        check(logits(path("mixed-kind.gguf"), in_file) == tiled, "the same bits in the mapped file");
    }
}

void check_experts(const std::function<std::string(const char*)>& path) {
    Model mixed, plain;
    make_expert_models(mixed, plain);
    write_model(mixed, path("mixed-experts.gguf"));
    write_model(plain, path("plain-experts.gguf"));
    for (const int tokens : {1, 11, 48}) {
        const std::string what = ", experts, " + std::to_string(tokens) + " tokens";
        LoadOptions options;
        options.tokens = tokens;
        const std::vector<float> expected = logits(path("plain-experts.gguf"), options);
        const std::vector<float> tiled = logits(path("mixed-experts.gguf"), options);
        check(relative_error(tiled, expected) < 5e-3, "logits match the float32 model" + what);
        check(relative_error(tiled, expected) > 0.0, "the MixLLM file is not computed in float32" + what);
        for (const bool mmap : {true, false}) {
            for (const bool tile : {true, false}) {
                options.mmap = mmap;
                options.tile = tile;
                check(logits(path("mixed-experts.gguf"), options) == tiled,
                      "the same bits however it is loaded" + what);
            }
        }
    }
    {
        const model_ptr model = load(path("mixed-experts.gguf"));
        const model_ptr twin = load(path("plain-experts.gguf"));
        check(model && twin && llama_model_n_params(model.get()) == llama_model_n_params(twin.get()),
              "parameters of experts are counted as weights");
    }
    {
        Model mixed_one, plain_one;
        make_expert_models(mixed_one, plain_one, 1);
        write_model(mixed_one, path("mixed-one.gguf"));
        write_model(plain_one, path("plain-one.gguf"));
        check(relative_error(logits(path("mixed-one.gguf")), logits(path("plain-one.gguf"))) < 5e-3,
              "a single expert, stored as any weight, matches the float32 model");
    }
    const std::vector<float> without = logits(path("mixed-experts.gguf"));
    for (const bool tile : {true, false}) {
        std::filesystem::copy_file(path("mixed-experts.gguf"), path("spoilt.gguf"),
                                   std::filesystem::copy_options::overwrite_existing);
        LoadOptions spoilt;
        spoilt.tile = tile;
        spoilt.after_load = [&] { spoil_order(path("spoilt.gguf"), mixed); };
        check(logits(path("spoilt.gguf"), spoilt) == without,
              "masks of experts overwritten in the file change nothing");
    }

    write_lora(path("lora-experts.gguf"), "blk.1.ffn_down_exps.weight", N_EXPERTS);
    LoadOptions with_lora;
    with_lora.lora = path("lora-experts.gguf");
    const std::vector<float> lora = logits(path("mixed-experts.gguf"), with_lora);
    check(relative_error(lora, logits(path("plain-experts.gguf"), with_lora)) < 5e-3,
          "logits with a LoRA adapter on experts match the float32 model");
    check(relative_error(lora, without) > 1e-2, "the LoRA adapter on experts has an effect");
    write_lora(path("lora-other.gguf"), "blk.1.ffn_down_exps.weight", N_EXPERTS - 1);
    with_lora.lora = path("lora-other.gguf");
    check(logits(path("mixed-experts.gguf"), with_lora).empty() &&
              log_text.find("for 3 and 3 experts, the model has 4") != std::string::npos,
          "a LoRA adapter for other experts is refused");

    check_refused(path("broken.gguf"), mixed, expert_breaks());
}

} // namespace

int main(int argc, char** argv) {
    const std::filesystem::path directory = temporary_path("load");
    std::filesystem::create_directory(directory);
    const auto path = [&](const char* name) { return (directory / name).string(); };

    log_to_text();
    ggml_backend_load_all();

    Model mixed, plain;
    make_models(mixed, plain);
    write_model(mixed, path("mixed.gguf"));
    write_model(plain, path("plain.gguf"));
    write_lora(path("lora.gguf"));

    // The weights are the same numbers; only the int8 activations tell the two apart.
    constexpr double TOLERANCE = 1e-3;
    const std::vector<float> expected = logits(path("plain.gguf"));
    const std::vector<float> mapped = logits(path("mixed.gguf"));
    check(log_text.find("MixLLM W4.8A8 (") != std::string::npos, "the load log describes the quantization");
    check(relative_error(mapped, expected) < TOLERANCE, "logits match the float32 model");
    check(relative_error(mapped, expected) > 0.0, "the MixLLM file is not computed in float32");
    check(logits(path("mixed.gguf"), {false}) == mapped, "a file read into memory gives the same bits");
    check(logits(path("mixed.gguf"), {true, false}) == mapped, "weights left in the mapped file give the same bits");

    for (int layers = 0; layers <= N_LAYERS; layers++) {
        LoadOptions in_part;
        in_part.gpu_layers = layers;
        check(relative_error(logits(path("mixed.gguf"), in_part), expected) < TOLERANCE,
              std::to_string(layers) + " layers on a device, where there is one, match the float32 model");
    }

    const std::vector<float> expected_lora = logits(path("plain.gguf"), {true, true, path("lora.gguf")});
    const std::vector<float> mixed_lora = logits(path("mixed.gguf"), {true, true, path("lora.gguf")});
    check(relative_error(mixed_lora, expected_lora) < TOLERANCE, "logits with a LoRA adapter match the float32 model");
    check(relative_error(mixed_lora, mapped) > 10 * TOLERANCE, "the LoRA adapter has an effect");
    check(log_text.find("cannot use buft") == std::string::npos, "the LoRA adapter is placed where it belongs");
    check(logits(path("mixed.gguf"), {true, false, path("lora.gguf")}) == mixed_lora,
          "weights left in the mapped file give the same bits with a LoRA adapter");

    Model version1 = mixed;
    store_as_version_1(version1);
    write_model(version1, path("version1.gguf"));
    for (const bool tile : {true, false}) {
        LoadOptions options;
        options.tile = tile;
        check(logits(path("version1.gguf"), options) == mapped, "a file of version 1 gives the same bits");
        for (const auto& [file, model] : {std::pair("mixed.gguf", &mixed), std::pair("version1.gguf", &version1)}) {
            std::filesystem::copy_file(path(file), path("spoilt.gguf"),
                                       std::filesystem::copy_options::overwrite_existing);
            LoadOptions spoilt = options;
            spoilt.after_load = [&, model = model] { spoil_order(path("spoilt.gguf"), *model); };
            check(logits(path("spoilt.gguf"), spoilt) == mapped,
                  std::string("the order of rows overwritten in the file changes nothing: ") + file);
            check(load(path("spoilt.gguf"), spoilt) == nullptr, "and the file is refused from then on");
        }
    }

    {
        const model_ptr model = load(path("mixed.gguf"));
        const model_ptr twin = load(path("plain.gguf"));
        check(model && twin && llama_model_n_params(model.get()) == llama_model_n_params(twin.get()),
              "parameters are counted as weights, not as component bytes");
    }
    {
        // node-llama-cpp estimates memory on a model made of metadata alone.
        ggml_context_ptr context;
        const gguf_ptr metadata = describe(mixed, context);
        llama_model_params params = llama_model_default_params();
        params.no_alloc = true;
        params.load_mode = LLAMA_LOAD_MODE_NONE;
        log_text.clear();
        const model_ptr model(llama_model_init_from_user(
                                  metadata.get(), [](ggml_tensor*, void*) {}, nullptr, params),
                              llama_model_free);
        check(model != nullptr, "a model without data can be made of the metadata");
    }

    check_refused(path("broken.gguf"), mixed, all_breaks());
    check_experts(path);
    check_expert_kinds(path);

    Model with_vocabulary = mixed;
    vocabulary({})(with_vocabulary);
    change_type("token_embd.weight", GGML_TYPE_BF16)(with_vocabulary);
    write_model(with_vocabulary, path("sound.gguf"));
    check(load(path("sound.gguf")) != nullptr, "a file with a vocabulary and a half-precision embedding is taken");

    std::ifstream table(argc == 2 ? argv[1] : "");
    int lines = 0;
    for (std::string line; std::getline(table, line);) {
        std::istringstream fields(line);
        std::string verdict, key;
        if (!(fields >> verdict) || verdict == "#") {
            continue;
        }
        lines++;
        std::istringstream(line) >> verdict >> key;
        Model model = mixed;
        model.edits.push_back(metadata_of(std::move(fields)));
        write_model(model, path("hostile.gguf"));
        const bool taken = load(path("hostile.gguf")) != nullptr;
        check(verdict == "taken" ? taken : !taken && log_text.find("'" + key + "' is ") != std::string::npos, line);
    }
    check(lines > 20, "the table of hostile metadata is read");

    std::filesystem::remove_all(directory);
    return report_checks();
}
