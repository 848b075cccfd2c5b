#pragma once

#include "mixllm_cuda.h"

enum class Path { portable, decode, tile16, tile32, tile64, tile128, wgmma };

// Depends on nothing else, as activations are quantized in the layout of the path before the weight is known.
Path choose_path(const mixllm_cuda_device& device, int64_t tokens);

// For `slots` slots of all tokens that choose among n_experts experts, which slots are the same is not known.
Path choose_expert_path(const mixllm_cuda_device& device, int64_t slots, int64_t n_experts);

// Tokens, or slots of an expert, in a tile of the path.
int tile_tokens(Path path);
