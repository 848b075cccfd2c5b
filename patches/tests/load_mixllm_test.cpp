// Loads MixLLM files through llama.h: a whole one must compute what the same model computes in float32, whichever way
// it is loaded and with a LoRA adapter on it, and each way a file can be broken must fail with a message that names
// the tensor and what is wrong with it. The model is made here: two Llama layers of random weights.

#include "ggml-cpp.h"
#include "ggml.h"
#include "gguf.h"
#include "llama.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr int N_LAYERS = 2, N_EMBD = 160, N_HEADS = 5, N_KV_HEADS = 1, HEAD_DIM = 32, N_FFN = 256, N_VOCAB = 64;
constexpr int GROUP_SIZE = 128;

using gguf_ptr = std::unique_ptr<gguf_context, decltype(&gguf_free)>;

// Tensors of a file to be, by name; a broken file is made by changing them before they are written.
struct Tensor {
    ggml_type type;
    std::vector<int64_t> ne;
    std::vector<uint8_t> data;
};
using Tensors = std::map<std::string, Tensor>;

struct Model {
    Tensors tensors;
    std::map<std::string, uint32_t> mixllm_metadata; // empty in the float32 twin
};

template <typename T>
Tensor make_tensor(ggml_type type, std::vector<int64_t> ne, const std::vector<T>& values) {
    Tensor tensor{type, std::move(ne), std::vector<uint8_t>(values.size() * sizeof(T))};
    if (!values.empty())
        memcpy(tensor.data.data(), values.data(), tensor.data.size());
    return tensor;
}

// Adds one linear weight to both models: as components to the one, as the very same numbers in float32 to the other.
void add_linear(Model& mixed, Model& plain, const std::string& name, int n_inputs, int n4, int n8,
                std::mt19937& random) {
    const int n = n4 + n8, groups = (n_inputs + GROUP_SIZE - 1) / GROUP_SIZE;
    const auto uniform = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
    std::vector<uint8_t> w4(static_cast<size_t>(n4) * n_inputs / 2), zero(static_cast<size_t>(groups) * n4 / 2);
    std::vector<int8_t> w8(static_cast<size_t>(n8) * n_inputs);
    std::vector<ggml_fp16_t> scale4(static_cast<size_t>(groups) * n4), scale8(static_cast<size_t>(groups) * n8);
    std::vector<int32_t> rows(n);
    std::vector<float> values(static_cast<size_t>(n) * n_inputs);
    // Every third channel is an 8-bit one as long as there are any left to give.
    int next4 = 0, next8 = 0;
    for (int channel = 0; channel < n; channel++) {
        const bool is8 = next4 == n4 || (channel % 3 == 0 && next8 < n8);
        const int row = is8 ? next8++ : next4++;
        rows[is8 ? n4 + row : row] = channel;
        for (int group = 0; group < groups; group++) {
            const int end = std::min(n_inputs, (group + 1) * GROUP_SIZE);
            const ggml_fp16_t scale = ggml_fp32_to_fp16((is8 ? 0.001f : 0.015f) * uniform(5, 15) / 10.0f);
            const int z = is8 ? 0 : uniform(5, 10);
            (is8 ? scale8 : scale4)[group * (is8 ? n8 : n4) + row] = scale;
            if (!is8)
                zero[group * n4 / 2 + row / 2] |= z << (row % 2 * 4);
            for (int k = group * GROUP_SIZE; k < end; k++) {
                const int q = is8 ? uniform(-127, 127) : uniform(0, 15);
                if (is8)
                    w8[row * n_inputs + k] = q;
                else
                    w4[row * n_inputs / 2 + k / 32 * 16 + k % 16] |= q << (k % 32 / 16 * 4);
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
    mixed.tensors[name + ".rows"] = make_tensor(GGML_TYPE_I32, {n}, rows);
}

Tensor random_tensor(std::vector<int64_t> ne, float mean, float deviation, std::mt19937& random) {
    size_t count = 1;
    for (int64_t n : ne)
        count *= n;
    std::vector<float> values(count);
    std::normal_distribution<float> normal(mean, deviation);
    for (float& value : values)
        value = normal(random);
    return make_tensor(GGML_TYPE_F32, std::move(ne), values);
}

void make_models(Model& mixed, Model& plain) {
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
        add_linear(mixed, plain, block + "ffn_gate.weight", N_EMBD, 176, 80, random);
        add_linear(mixed, plain, block + "ffn_up.weight", N_EMBD, N_FFN, 0, random);
        add_linear(mixed, plain, block + "ffn_down.weight", N_FFN, 128, 32, random);
    }
    mixed.mixllm_metadata = {{"mixllm.version", 1}, {"mixllm.group_size", 128}};
}

void add_tensors(gguf_context* file, ggml_context* context, const Tensors& tensors) {
    for (const auto& [name, tensor] : tensors) {
        ggml_tensor* t = ggml_new_tensor(context, tensor.type, static_cast<int>(tensor.ne.size()), tensor.ne.data());
        ggml_set_name(t, name.c_str());
        memcpy(t->data, tensor.data.data(), std::min(ggml_nbytes(t), tensor.data.size()));
        gguf_add_tensor(file, t);
    }
}

gguf_ptr describe(const Model& model, ggml_context_ptr& context) {
    gguf_ptr file(gguf_init_empty(), gguf_free);
    gguf_set_val_str(file.get(), "general.architecture", "llama");
    gguf_set_val_u32(file.get(), "llama.block_count", N_LAYERS);
    gguf_set_val_u32(file.get(), "llama.context_length", 64);
    gguf_set_val_u32(file.get(), "llama.embedding_length", N_EMBD);
    gguf_set_val_u32(file.get(), "llama.feed_forward_length", N_FFN);
    gguf_set_val_u32(file.get(), "llama.attention.head_count", N_HEADS);
    gguf_set_val_u32(file.get(), "llama.attention.head_count_kv", N_KV_HEADS);
    gguf_set_val_u32(file.get(), "llama.attention.key_length", HEAD_DIM);
    gguf_set_val_u32(file.get(), "llama.attention.value_length", HEAD_DIM);
    gguf_set_val_u32(file.get(), "llama.rope.dimension_count", HEAD_DIM);
    gguf_set_val_u32(file.get(), "llama.vocab_size", N_VOCAB);
    gguf_set_val_f32(file.get(), "llama.attention.layer_norm_rms_epsilon", 1e-5f);
    gguf_set_val_str(file.get(), "tokenizer.ggml.model", "no_vocab");
    for (const auto& [key, value] : model.mixllm_metadata)
        gguf_set_val_u32(file.get(), key.c_str(), value);
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

std::string log_text;

struct LoadOptions {
    bool mmap = true;
    bool repack = true; // let a device keep weights in a form of its own
    std::string lora;
};

using model_ptr = std::unique_ptr<llama_model, decltype(&llama_model_free)>;

model_ptr load(const std::string& path, const LoadOptions& options = {}) {
    log_text.clear();
    llama_model_params params = llama_model_default_params();
    params.load_mode = options.mmap ? LLAMA_LOAD_MODE_MMAP : LLAMA_LOAD_MODE_NONE;
    params.use_extra_bufts = options.repack;
    return model_ptr(llama_model_load_from_file(path.c_str(), params), llama_model_free);
}

// All logits of a fixed prompt, [tokens][vocabulary]; empty if the model does not load.
std::vector<float> logits(const std::string& path, const LoadOptions& options = {}) {
    const model_ptr model = load(path, options);
    if (!model)
        return {};
    llama_context_params params = llama_context_default_params();
    params.n_ctx = 64;
    params.n_threads = params.n_threads_batch = 2;
    std::unique_ptr<llama_context, decltype(&llama_free)> context(llama_init_from_model(model.get(), params),
                                                                  llama_free);
    if (!options.lora.empty()) {
        llama_adapter_lora* lora = llama_adapter_lora_init(model.get(), options.lora.c_str());
        float scale = 1.0f;
        if (lora == nullptr || llama_set_adapters_lora(context.get(), &lora, 1, &scale) != 0)
            return {};
    }
    constexpr int TOKENS = 11;
    llama_batch batch = llama_batch_init(TOKENS, 0, 1);
    for (int i = 0; i < TOKENS; i++) {
        batch.token[i] = (i * 13 + 5) % N_VOCAB;
        batch.pos[i] = i;
        batch.n_seq_id[i] = 1;
        batch.seq_id[i][0] = 0;
        batch.logits[i] = true;
    }
    batch.n_tokens = TOKENS;
    std::vector<float> result;
    if (llama_decode(context.get(), batch) == 0) {
        const float* all = llama_get_logits(context.get());
        result.assign(all, all + TOKENS * N_VOCAB);
    }
    llama_batch_free(batch);
    return result;
}

int passed = 0, failed = 0;

void check(bool ok, const std::string& what) {
    (ok ? passed : failed)++;
    if (!ok)
        fprintf(stderr, "FAILED: %s\n%s\n", what.c_str(), log_text.c_str());
}

// Mean squared error relative to the mean square of what is expected.
double relative_error(const std::vector<float>& got, const std::vector<float>& expected) {
    if (got.size() != expected.size() || got.empty())
        return INFINITY;
    double error = 0.0, power = 0.0;
    for (size_t i = 0; i < got.size(); i++) {
        error += std::pow(static_cast<double>(got[i]) - expected[i], 2);
        power += std::pow(static_cast<double>(expected[i]), 2);
    }
    return error / power;
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
             for (const char* suffix : {".w4", ".w4_scale", ".w4_zero", ".w8", ".w8_scale", ".rows"})
                 m.tensors.erase(Q + suffix);
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
    const std::filesystem::path directory =
        std::filesystem::temp_directory_path() / ("mixllm-load-test-" + std::to_string(std::random_device{}()));
    std::filesystem::create_directory(directory);
    const auto path = [&](const char* name) { return (directory / name).string(); };

    llama_log_set([](ggml_log_level, const char* text, void*) { log_text += text; }, nullptr);
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
        for (const char* text : broken.expected)
            explained = explained && log_text.find(text) != std::string::npos;
        check(refused && explained, std::string("a file is refused with its reason: ") + broken.what);
    }

    std::filesystem::remove_all(directory);
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
