#pragma once

#include <ggml.h>

#include <cstdint>

namespace mixllm {

/// The weights of stacked experts, `[K, M, experts]`, made floats a few at a time so that they never are floats as a
/// whole.
class ExpertRows {
public:
    virtual ~ExpertRows() = default;

    /**
     * Reads part of a row.
     *
     * @param first its first column, a multiple of 32
     * @param count columns, a multiple of 32 unless it ends with the row
     */
    virtual void load(int64_t expert, int64_t row, int64_t first, int64_t count, float* out) const = 0;

    /// Whether nobody wants the products any more.
    virtual bool canceled() const { return false; }
};

/// The rows of a tensor of any type that has its data in the host's memory.
class TensorRows : public ExpertRows {
public:
    /// @param weights outlives this
    explicit TensorRows(const ggml_tensor* weights) : weights_(weights) {}

    void load(int64_t expert, int64_t row, int64_t first, int64_t count, float* out) const override;

private:
    const ggml_tensor* weights_;
};

/**
 * `ggml_mul_mat_id` in float32 on weights that are read row by row. Runs on the CPU; `differentiate` knows it.
 *
 * @param weights `[K, M, experts]`, whose `extra` is the `ExpertRows`; its own data is not looked at
 * @param x `[K, used or a divisor of it, T]`
 * @param ids `[used, T]`
 * @return `[M, used, T]`
 */
ggml_tensor* multiply_experts(ggml_context* context, ggml_tensor* weights, ggml_tensor* x, ggml_tensor* ids);

/// Whether a node is one of `multiply_experts`.
bool is_expert_product(const ggml_tensor* node);

} // namespace mixllm
