#pragma once

#include <ggml.h>

#include <cstdint>
#include <utility>

namespace mixllm {

/**
 * How the loss changes with the error of each output channel of each expert, summed over the tokens of each sample that
 * the expert is chosen for; 0 where it is chosen for none.
 *
 * @param error change of the weights as `multiply_experts` takes them, `[K, M, experts]`
 * @param x `[K, used or a divisor of it, T]`
 * @param gradient of the loss at the product, `[M, used, T]`
 * @param ids `[used, T]`
 * @param samples that the T tokens are of, in order and equally long
 * @return the sums of gradient times output error, and of its square, `[M, experts, samples]` each; on the CPU alone
 */
std::pair<ggml_tensor*, ggml_tensor*> sum_expert_changes(ggml_context* context, ggml_tensor* error, ggml_tensor* x,
                                                         ggml_tensor* gradient, ggml_tensor* ids, int64_t samples);

} // namespace mixllm
