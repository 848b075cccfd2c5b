#pragma once

#include "ggml-cpp.h"
#include "gguf.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

// A Llama model of random weights: as a MixLLM file, and as its twin of the very same numbers in float32.

constexpr int N_LAYERS = 2, N_EMBD = 160, N_HEADS = 5, N_KV_HEADS = 1, HEAD_DIM = 32, N_FFN = 256, N_VOCAB = 64;
constexpr int N_EXPERTS = 4; // where there are any; each token takes two

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
    std::string architecture = "llama";
    int experts = 0;
    std::vector<std::function<void(gguf_context*)>> edits; // of the rest of the metadata, last of all
};

// Adds one linear weight to both models: as components to the one, as the very same numbers in float32 to the other.
void add_linear(Model& mixed, Model& plain, const std::string& name, int n_inputs, int n4, int n8,
                std::mt19937& random);

// Adds a stack of experts, each with its own number of 8-bit output channels, the same way.
void add_experts(Model& mixed, Model& plain, const std::string& name, int n_inputs, int n_outputs,
                 const std::vector<int>& n8, std::mt19937& random);

// Makes a file of version 1 of it, which has rows in the place of mask.
void store_as_version_1(Model& mixed);

Tensor random_tensor(std::vector<int64_t> ne, float mean, float deviation, std::mt19937& random);

void make_models(Model& mixed, Model& plain);

// The same with experts in the place of each layer's feed-forward weights.
void make_expert_models(Model& mixed, Model& plain, int experts = N_EXPERTS);

void add_tensors(gguf_context* file, ggml_context* context, const Tensors& tensors);

// The file as it would be written; its tensors live in `context`, which this sets.
gguf_ptr describe(const Model& model, ggml_context_ptr& context);

// Ends the program if the file cannot be written.
void write_model(const Model& model, const std::string& path);
