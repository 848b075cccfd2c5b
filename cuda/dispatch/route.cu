#include "dispatch/route.cuh"

#include "dispatch/launch.cuh"
#include "route/route_kernel.cuh"

#include <algorithm>

// What every GPU has without asking.
static const int64_t shared_words = 48 * 1024 / 4;
static_assert(route_shared_words(MIXLLM_CUDA_MAX_EXPERTS, 1) <= shared_words, "a warp can count that many experts");

cudaError_t route_slots(const mixllm_cuda_device& device, const mixllm_cuda_choice& choice, const RoutedSlots& to,
                        cudaStream_t stream) {
    const int64_t room = shared_words / (choice.n_experts + 1) - 2;
    const int64_t warps = std::min<int64_t>({32, room, (to.slots + 31) / 32});
    const RouteParameters p = {choice.ids, choice.token_stride, choice.slot_stride, to, (int)warps};
    return launch(device, route_kernel, 1, (unsigned)(32 * warps),
                  (size_t)route_shared_words(choice.n_experts, warps) * sizeof(int32_t), stream, p);
}
