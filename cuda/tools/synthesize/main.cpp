// Writes a model of random weights in the shapes of a Llama, or of Qwen3-30B-A3B with 8 of its 48 layers, as
// `mixllm-bench synthesize` does, without Node:
//   synthesize <1b|8b|moe> <f16|percentage of 8-bit output channels> <file>

#include "common/native/job.h"
#include "synthetic/write_synthetic_model.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>

using namespace mixllm;

static SyntheticModel model_of(const std::string& size) {
    SyntheticModel model = {};
    model.architecture = "llama";
    model.context_length = 131072;
    model.rope_frequency_base = 500000;
    if (size == "1b") {
        model.name = "Synthetic Llama 3.2 1B";
        model.dimensions = {16, 2048, 32, 8, 64, 64, 8192};
        model.tied = true;
    } else if (size == "8b") {
        model.name = "Synthetic Llama 3.1 8B";
        model.dimensions = {32, 4096, 32, 8, 128, 128, 14336};
    } else if (size == "moe") {
        model.name = "Synthetic Qwen3 30B A3B, 8 layers";
        model.architecture = "qwen3moe";
        model.dimensions = {8, 2048, 32, 4, 128, 128, 6144, 128, 8, 768};
        model.context_length = 40960;
        model.rope_frequency_base = 1000000;
    } else {
        throw InputError("there is no shape " + size + "; known are 1b, 8b and moe");
    }
    // Nothing is ever tokenized, so any texts will do.
    const uint32_t vocabulary = 128256;
    const int32_t normal = 1, control = 3; // llama.cpp's token types
    for (uint32_t i = 0; i < vocabulary; i++) {
        model.tokens.push_back("t" + std::to_string(i));
    }
    model.token_types.assign(vocabulary, normal);
    model.token_types[vocabulary - 2] = model.token_types[vocabulary - 1] = control;
    model.bos = vocabulary - 2;
    model.eos = vocabulary - 1;
    model.merges = {"t 1"};
    return model;
}

int main(int count, char** arguments) {
    try {
        if (count != 4) {
            throw InputError("usage: synthesize <1b|8b|moe> <f16|percentage of 8-bit output channels> <file>");
        }
        SyntheticModel model = model_of(arguments[1]);
        const std::string type = arguments[2];
        model.mixed = type != "f16";
        model.percent8bit = model.mixed ? std::atof(type.c_str()) : 0;
        JobControl control;
        write_synthetic_model(model, arguments[3], (int32_t)std::thread::hardware_concurrency(), control);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "synthesize: %s\n", error.what());
        return 1;
    }
}
