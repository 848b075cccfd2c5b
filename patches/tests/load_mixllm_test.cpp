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

void write_lora(const std::string& path) {
    std::mt19937 random(7);
    constexpr int RANK = 4;
    Tensors tensors;
    for (const auto& [name, inputs, outputs] :
         {std::tuple("blk.0.attn_q.weight", N_EMBD, N_EMBD), std::tuple("blk.1.ffn_down.weight", N_FFN, N_EMBD)}) {
        tensors[std::string(name) + ".lora_a"] = random_tensor({inputs, RANK}, 0.0f, 0.2f, random);
        tensors[std::string(name) + ".lora_b"] = random_tensor({RANK, outputs}, 0.0f, 0.2f, random);
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
         {"attn_q.weight", "112 output channels", "160"}},
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

    for (const Break& broken : all_breaks()) {
        Model model = mixed;
        broken.apply(model);
        write_model(model, path("broken.gguf"));
        const bool refused = load(path("broken.gguf")) == nullptr;
        bool explained = true;
        for (const char* text : broken.expected) {
            explained = explained && log_text.find(text) != std::string::npos;
        }
        check(refused && explained, std::string("a file is refused with its reason: ") + broken.what);
    }

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
