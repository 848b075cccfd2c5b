#include "routed_activations.h"

#include <algorithm>

RoutedActivations::RoutedActivations(const mixllm_cpu_routing& routing, int64_t n_inputs, int threads, void* buffer)
    : groups(mixllm_groups(n_inputs)) {
    char* base = (char*)buffer;
    size_t at = 0;
    const auto take = [&](size_t size) {
        char* start = base + at;
        at += (size + 63) / 64 * 64;
        return start;
    };
    const size_t cells = (size_t)(routing.tokens * routing.x_slots * groups);
    const int64_t slots = routing.tokens * routing.slots;
    q = (int8_t*)take(cells * MIXLLM_GROUP_SIZE);
    scale = (float*)take(cells * sizeof(float));
    sum = (int32_t*)take(cells * sizeof(int32_t));
    first = (int32_t*)take((size_t)(routing.n_experts + 1) * sizeof(int32_t));
    ordered = (int32_t*)take((size_t)slots * sizeof(int32_t));
    gathered_bytes = (activations_layout(n_inputs, std::min(slots, max_gathered), nullptr).bytes + 63) / 64 * 64;
    gathered = take(gathered_bytes * (size_t)threads);
    bytes = at;
}
