#pragma once

#include <cstddef>
#include <cstdint>
#include <ggml-cpp.h>
#include <string>
#include <vector>

#include "common/native/job.h"
#include "kernels/kernel_weight.h"

namespace mixllm {

/// What a product is computed with, and how.
struct KernelSetting {
    /// Name of a ggml device, such as `CPU` or `CUDA0`.
    std::string device;
    /// Of the CPU; a GPU does not use them.
    int32_t threads;
    int64_t tokens;
    /// Memory that the copies of the weight take at least, each computed with in turn, so that caches do not hold them.
    size_t rotated_bytes;
};

/// The product of a weight with the activations of some tokens on a ggml device, to be timed again and again. A weight
/// lies where llama.cpp would put it: on the CPU in ggml's repacked form where there is one for its type.
class KernelProduct {
public:
    /// Places the weight, computes the product once, and holds it against the same product in float.
    ///
    /// @throws InputError when the device is not there, does not know the product or has no memory for it
    /// @throws CanceledError
    KernelProduct(const KernelWeight& weight, const KernelSetting& setting, JobControl& control);

    /// Seconds one product takes, on average over about 50 ms, by the clock of `kernel_clock`; elapsed ones on a GPU.
    ///
    /// @throws CanceledError between two products
    double time(JobControl& control);

    /// Norm of the difference from the product in float over the norm of that: what the activations' rounding costs.
    double relative_error() const { return relative_error_; }
    size_t copies() const { return copies_; }
    bool repacked() const { return repacked_; }

private:
    void place(const KernelWeight& weight);
    /// @returns seconds it took, by the clock of `kernel_clock`; elapsed ones on a GPU
    double compute(int32_t times, const JobControl& control);
    double compare(const KernelWeight& weight) const;

    KernelSetting setting_;
    bool repacked_ = false;
    size_t copies_;
    double relative_error_ = 0;
    /// Graph runs that take about 50 ms.
    int32_t repeat_ = 1;
    std::vector<float> activations_;
    std::vector<ggml_tensor*> results_;
    ggml_cgraph* graph_ = nullptr;
    ggml_backend_ptr backend_;
    ggml_context_ptr weights_;
    ggml_context_ptr products_;
    ggml_backend_buffer_ptr weight_buffer_;
    ggml_backend_buffer_ptr product_buffer_;
};

} // namespace mixllm
