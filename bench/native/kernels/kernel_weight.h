#pragma once

#include <cstddef>
#include <cstdint>
#include <ggml.h>
#include <string>
#include <vector>

#include "common/native/workers.h"

namespace mixllm {

/// One tensor that a weight is stored in.
struct KernelTensor {
    ggml_type type;
    /// Fastest first; 1 where it has fewer dimensions.
    int64_t shape[2];
    std::vector<uint8_t> bytes;
};

/// A random linear weight [K, N] as it is stored, and what some of its rows stand for.
struct KernelWeight {
    /// MixLLM: the components that kernels read (common/format/mixllm_format.h), those of an empty part left without
    /// bytes. Stock: the one tensor.
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

/// A weight in MixLLM form.
///
/// @param percent8bit share of 8-bit output channels, rounded to a multiple of 16 channels
/// @throws InputError when the format cannot hold such a shape
/// @throws CanceledError
KernelWeight make_mixed_weight(double percent8bit, int64_t inputs, int64_t outputs, const Workers& workers);

/// Names of the types `make_stock_weight` knows, such as `Q4_K`.
const std::vector<std::string>& stock_kernel_types();

/// @param type one of `stock_kernel_types()`
/// @throws InputError when the type is not known or its blocks do not divide the inputs
KernelWeight make_stock_weight(const std::string& type, int64_t inputs, int64_t outputs);

} // namespace mixllm
