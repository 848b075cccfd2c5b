#include "run_experts.h"

#include "routed_activations.h"

#include <algorithm>
#include <limits>

static int32_t expert_of(const mixllm_cpu_routing& routing, int64_t slot) {
    return routing
        .ids[slot / routing.slots * routing.ids_token_stride + slot % routing.slots * routing.ids_slot_stride];
}

static bool exists(const mixllm_cpu_routing& routing, int32_t expert) {
    return expert >= 0 && expert < routing.n_experts;
}

// Orders the slots by expert, those of one expert by token.
static void order_by_expert(const mixllm_cpu_routing& routing, const RoutedActivations& to) {
    const int64_t slots = routing.tokens * routing.slots;
    const int64_t n_experts = routing.n_experts;
    std::fill(to.first, to.first + n_experts + 1, 0);
    for (int64_t i = 0; i < slots; i++) {
        const int32_t expert = expert_of(routing, i);
        if (exists(routing, expert)) {
            to.first[expert + 1]++;
        }
    }
    for (int64_t e = 0; e < n_experts; e++) {
        to.first[e + 1] += to.first[e];
    }
    // first[e] serves as the place of e's next slot, and in the end is where e + 1 begins.
    int32_t of_none = to.first[n_experts];
    for (int64_t i = 0; i < slots; i++) {
        const int32_t expert = expert_of(routing, i);
        to.ordered[exists(routing, expert) ? to.first[expert]++ : of_none++] = (int32_t)i;
    }
    for (int64_t e = n_experts - 1; e > 0; e--) {
        to.first[e] = to.first[e - 1];
    }
    to.first[0] = 0;
}

void route_with(const KernelSet& kernels, const mixllm_cpu_routing& routing, int64_t n_inputs, void* work, int thread,
                int threads) {
    const RoutedActivations to(routing, n_inputs, threads, work);
    if (thread == 0) {
        order_by_expert(routing, to);
    }
    const int64_t cells = routing.tokens * routing.x_slots * to.groups;
    const int64_t first = cells * thread / threads;
    const int64_t last = cells * (thread + 1) / threads;
    for (int64_t i = first; i < last; i++) {
        const int64_t row = i / to.groups;
        const int64_t input = i % to.groups * MIXLLM_GROUP_SIZE;
        const float* x = routing.x + row / routing.x_slots * routing.x_token_stride +
                         row % routing.x_slots * routing.x_slot_stride + input;
        kernels.quantize_group(x, std::min<int64_t>(n_inputs - input, MIXLLM_GROUP_SIZE), to.q + i * MIXLLM_GROUP_SIZE,
                               to.scale + i, to.sum + i);
    }
}

// One expert as a weight of its own.
static mixllm_cpu_weight weight_of(const mixllm_cpu_experts& experts, int64_t expert) {
    const int64_t groups = mixllm_groups(experts.n_inputs);
    const int64_t before4 = experts.offsets[expert];
    const int64_t before8 = expert * experts.n_outputs - before4;
    mixllm_cpu_weight weight = {};
    weight.n_inputs = experts.n_inputs;
    weight.n4 = experts.offsets[expert + 1] - before4;
    weight.n8 = experts.n_outputs - weight.n4;
    if (weight.n4 > 0) {
        weight.w4 = experts.w4 + before4 * (experts.n_inputs / 2);
        weight.w4_scale = experts.w4_scale + before4 * groups;
        weight.w4_zero = experts.w4_zero + before4 / 2 * groups;
    }
    if (weight.n8 > 0) {
        weight.w8 = experts.w8 + before8 * experts.n_inputs;
        weight.w8_scale = experts.w8_scale + before8 * groups;
    }
    weight.rows = experts.rows + expert * experts.n_outputs;
    weight.tiled = experts.tiled;
    return weight;
}

// What an expert costs, in like units for all of one product: tiles of 16 rows, the 4-bit ones first. Reading a tile
// again for each block of 16 tokens and multiplying it were measured to be about as these numbers.
struct ExpertCost {
    int64_t tiles4, tiles8;
    int64_t each4, each8;

    ExpertCost(const mixllm_cpu_weight& weight, int64_t tokens)
        : tiles4(weight.n4 / MIXLLM_ROW_TILE), tiles8(weight.n8 / MIXLLM_ROW_TILE),
          each4(128 * block_count(tokens) + 28 * tokens), each8(220 * block_count(tokens) + 22 * tokens) {}

    int64_t all() const { return tiles4 * each4 + tiles8 * each8; }

    // The tiles that begin at `from` or later, but before `to`.
    Share share(int64_t from, int64_t to) const {
        const int64_t start8 = tiles4 * each4;
        return {tiles_before(from, each4, tiles4), tiles_before(to, each4, tiles4),
                tiles_before(from - start8, each8, tiles8), tiles_before(to - start8, each8, tiles8)};
    }

private:
    static int64_t tiles_before(int64_t cost, int64_t each, int64_t tiles) {
        return cost <= 0 ? 0 : std::min((cost + each - 1) / each, tiles);
    }
};

// Copies the activations of `count` slots into blocks of tokens.
static void gather(const KernelSet& kernels, const RoutedActivations& from, const mixllm_cpu_routing& routing,
                   const int32_t* slots, const Activations& to) {
    const int64_t per_row = routing.slots;
    for (int64_t block = 0; block < block_count(to.tokens); block++) {
        const int width = block_tokens(to, block);
        int64_t first[MIXLLM_BLOCK_TOKENS]; // index of each token's first group
        for (int t = 0; t < width; t++) {
            const int64_t slot = slots[block * MIXLLM_BLOCK_TOKENS + t];
            first[t] = (slot / per_row * routing.x_slots + slot % per_row % routing.x_slots) * to.groups;
        }
        for (int64_t group = 0; group < to.groups; group++) {
            const ActivationCell cell = activation_cell(to, block, group);
            const int8_t* q[MIXLLM_BLOCK_TOKENS];
            for (int t = 0; t < width; t++) {
                cell.scale[t] = from.scale[first[t] + group];
                cell.sum[t] = from.sum[first[t] + group];
                q[t] = from.q + (first[t] + group) * MIXLLM_GROUP_SIZE;
            }
            kernels.interleave(q, width, cell.q);
        }
    }
}

void mul_mat_experts_with(const KernelSet& kernels, const mixllm_cpu_experts& experts,
                          const mixllm_cpu_routing& routing, void* work, float* y, int64_t y_token_stride,
                          int64_t y_slot_stride, int thread, int threads) {
    const RoutedActivations routed(routing, experts.n_inputs, threads, work);
    const auto start_of = [&](int64_t slot) {
        return slot / routing.slots * y_token_stride + slot % routing.slots * y_slot_stride;
    };

    int64_t cost = 0;
    for (int64_t e = 0; e < routing.n_experts; e++) {
        const int64_t tokens = routed.first[e + 1] - routed.first[e];
        cost += tokens == 0 ? 0 : ExpertCost(weight_of(experts, e), tokens).all();
    }
    const int64_t from = cost * thread / threads;
    const int64_t to = cost * (thread + 1) / threads;
    int64_t at = 0;
    for (int64_t e = 0; e < routing.n_experts && at < to; e++) {
        const int64_t tokens = routed.first[e + 1] - routed.first[e];
        if (tokens == 0) {
            continue;
        }
        const mixllm_cpu_weight weight = weight_of(experts, e);
        const ExpertCost of_expert(weight, tokens);
        const Share share = of_expert.share(from - at, to - at);
        at += of_expert.all();
        if (share.first4 == share.last4 && share.first8 == share.last8) {
            continue;
        }
        for (int64_t done = 0; done < tokens; done += RoutedActivations::max_gathered) {
            const int64_t count = std::min(tokens - done, RoutedActivations::max_gathered);
            const int32_t* slots = routed.ordered + routed.first[e] + done;
            int64_t starts[RoutedActivations::max_gathered];
            for (int64_t i = 0; i < count; i++) {
                starts[i] = start_of(slots[i]);
            }
            Activations activations;
            if (count == 1) {
                const int64_t slot = slots[0];
                activations =
                    routed.of_row(slot / routing.slots * routing.x_slots + slot % routing.slots % routing.x_slots);
            } else {
                activations = activations_layout(experts.n_inputs, count,
                                                 routed.gathered + routed.gathered_bytes * (size_t)thread);
                gather(kernels, routed, routing, slots, activations);
            }
            kernels.mul_mat(weight, activations, {y, 0, starts}, share);
        }
    }

    // A slot without an expert has no product.
    const int64_t slots = routing.tokens * routing.slots;
    for (int64_t i = routed.first[routing.n_experts] + thread; i < slots; i += threads) {
        std::fill_n(y + start_of(routed.ordered[i]), experts.n_outputs, std::numeric_limits<float>::quiet_NaN());
    }
}
