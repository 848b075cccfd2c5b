#pragma once

#include "llama.h"
#include "random_model.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

// What llama.cpp has logged since the last load(), which log_to_text() has it keep.
extern std::string log_text;
void log_to_text();

struct LoadOptions {
    bool mmap = true;
    bool tile = true; // let a device keep weights in a form of its own
    std::string lora = "";
    bool attention_on_device = true; // where the device can
    int gpu_layers = N_LAYERS + 1;   // all, where there is a device
    const char* on_cpu = nullptr;    // a regular expression: weights that stay on the CPU whatever their layer
    int tokens = 11;
    std::function<void()> after_load = [] {};
};

using model_ptr = std::unique_ptr<llama_model, decltype(&llama_model_free)>;

// Null when the model cannot be loaded.
model_ptr load(const std::string& path, const LoadOptions& options = {});

// All logits of a fixed prompt, [tokens][vocabulary]; empty if the model does not load.
std::vector<float> logits(const std::string& path, const LoadOptions& options = {});

// Mean squared error relative to the mean square of what is expected; infinite if the sizes differ.
double relative_error(const std::vector<float>& got, const std::vector<float>& expected);
