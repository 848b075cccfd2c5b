// Loads MixLLM files through llama.h: a whole one must compute what the same model computes in float32, whichever way
// it is loaded and with a LoRA adapter on it, and each way a file can be broken must fail with a message that names
// the tensor and what is wrong with it.

#include "check.h"
#include "logits.h"
#include "random_model.h"
#include "temporary_path.h"

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <random>
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

std::vector<Break> all_breaks() {
    static const std::string Q = "blk.0.attn_q.weight";
    const auto row = [](Model& m, int index, int32_t value) {
        memcpy(m.tensors[Q + ".rows"].data.data() + index * sizeof(value), &value, sizeof(value));
    };
    const auto remove = [](const char* suffix) { return [suffix](Model& m) { m.tensors.erase(Q + suffix); }; };
    const auto reshape = [](const char* suffix, std::vector<int64_t> ne) {
        return [suffix, ne](Model& m) { m.tensors[Q + suffix].ne = ne; };
    };
    return {
        {"unknown version", [](Model& m) { m.mixllm_metadata["mixllm.version"] = 2; }, {"version 2"}},
        {"other group size", [](Model& m) { m.mixllm_metadata["mixllm.group_size"] = 64; }, {"mixllm.group_size"}},
        {"no group size", [](Model& m) { m.mixllm_metadata.erase("mixllm.group_size"); }, {"mixllm.group_size"}},
        {"no w4_scale", remove(".w4_scale"), {"attn_q.weight.w4_scale", "missing"}},
        {"no w4_zero", remove(".w4_zero"), {"attn_q.weight.w4_zero", "missing"}},
        {"no w8_scale", remove(".w8_scale"), {"attn_q.weight.w8_scale", "missing"}},
        {"no rows", remove(".rows"), {"attn_q.weight.rows", "missing"}},
        {"scale without rows", remove(".w8"), {"attn_q.weight.w8_scale", "attn_q.weight.w8"}},
        {"N4 too small for rows", reshape(".w4", {N_EMBD / 2, 96}), {"attn_q.weight.w4_scale"}},
        {"N8 not of the rest", reshape(".w8", {N_EMBD, 32}), {"attn_q.weight.w8_scale"}},
        {"rows too short", reshape(".rows", {N_EMBD - 16}), {"attn_q.weight.rows"}},
        {"K of w8 and w4 differ", reshape(".w8", {N_EMBD - 32, 48}), {"attn_q.weight.w4"}},
        {"N4 not a multiple of 16", reshape(".w4", {N_EMBD / 2, 111}), {"attn_q.weight.w4", "multiple of 16"}},
        {"scale of another type",
         [](Model& m) {
             m.tensors[Q + ".w4_scale"].type = GGML_TYPE_F32;
             m.tensors[Q + ".w4_scale"].data.resize(112 * 2 * 4);
         },
         {"attn_q.weight.w4_scale", "f32"}},
        {"row twice", [row](Model& m) { row(m, 3, 17), row(m, 4, 17); }, {"attn_q.weight.rows", "permutation"}},
        {"row out of range", [row](Model& m) { row(m, 159, 160); }, {"attn_q.weight.rows", "160"}},
        {"negative row", [row](Model& m) { row(m, 0, -1); }, {"attn_q.weight.rows", "-1"}},
        {"whole and in components",
         [](Model& m) { m.tensors[Q] = m.tensors["token_embd.weight"]; },
         {"attn_q.weight", "both"}},
        {"a weight of another architecture's shape",
         [](Model& m) {
             std::mt19937 random(3);
             Model unused;
             for (const char* suffix : {".w4", ".w4_scale", ".w4_zero", ".w8", ".w8_scale", ".rows"}) {
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

} // namespace

int main() {
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

    std::filesystem::remove_all(directory);
    return report_checks();
}
