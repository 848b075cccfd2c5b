#pragma once

#include <cstddef>
#include <cstdint>
#include <ggml.h>
#include <vector>

/// One tensor that a weight is stored in.
struct KernelTensor {
    ggml_type type;
    /// Fastest first; 1 where it has fewer dimensions.
    int64_t shape[2];
    std::vector<uint8_t> bytes;
};

/// A random linear weight [K, N] as it is stored, and what some of its rows stand for.
struct KernelWeight {
    /// MixLLM: w4, w4_scale, w4_zero, w8, w8_scale, rows, those of an empty part left without bytes. Stock: the one
    /// tensor.
    std::vector<KernelTensor> tensors;
    bool mixed;
    int64_t inputs;
    int64_t outputs;
    /// Output channels to check, and their weights in float: `[channels][K]`.
    std::vector<int32_t> channels;
    std::vector<float> reference;

    size_t bytes() const {
        size_t sum = 0;
        for (const KernelTensor& tensor : tensors) {
            sum += tensor.bytes.size();
        }
        return sum;
    }
};
