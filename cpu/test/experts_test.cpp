#include "experts_test.h"

#include "guarded_copy.h"
#include "reference.h"
#include "run.h"
#include "run_experts.h"

#include <cstdio>
#include <memory>
#include <string>
#include <thread>

namespace {

enum class Choice { any, all_the_same, twice, some_of_none };

struct Case {
    int64_t n_inputs, n_outputs;
    std::vector<int64_t> n4; // of each expert
    int64_t tokens, slots, x_slots;
    Choice choice;
    bool strided; // x, ids and y leave room between their rows
    int threads;
    Values values;

    std::string name() const {
        std::string text = "experts: K=" + std::to_string(n_inputs) + " N=" + std::to_string(n_outputs) + " n4=";
        for (const int64_t n : n4) {
            text += std::to_string(n) + ",";
        }
        return text + " tokens=" + std::to_string(tokens) + " slots=" + std::to_string(slots) +
               " x_slots=" + std::to_string(x_slots) + " choice=" + std::to_string((int)choice) +
               " strided=" + std::to_string(strided) + " threads=" + std::to_string(threads) +
               " values=" + std::to_string((int)values);
    }
};

// Component after component, expert after expert; reading beyond any of them stops the test.
struct Stack {
    std::vector<int32_t> offsets = {0};
    std::vector<std::unique_ptr<GuardedCopy<uint8_t>>> components;
    std::unique_ptr<GuardedCopy<int32_t>> rows, guarded_offsets;
    mixllm_cpu_experts view;

    Stack(const std::vector<Weight>& experts, const KernelSet& kernels, bool tiled) {
        std::vector<int32_t> all_rows;
        for (const Weight& w : experts) {
            offsets.push_back(offsets.back() + (int32_t)w.n4);
            all_rows.insert(all_rows.end(), w.rows.begin(), w.rows.end());
        }
        rows = std::make_unique<GuardedCopy<int32_t>>(all_rows);
        guarded_offsets = std::make_unique<GuardedCopy<int32_t>>(offsets);
        view = {experts[0].n_inputs,
                experts[0].n4 + experts[0].n8,
                (int64_t)experts.size(),
                guarded_offsets->data(),
                (const uint8_t*)add(experts, kernels, tiled, MIXLLM_W4, &Weight::w4, &Weight::n4),
                (const uint16_t*)add(experts, kernels, tiled, MIXLLM_W4_SCALE, &Weight::w4_scale, &Weight::n4),
                (const uint8_t*)add(experts, kernels, tiled, MIXLLM_W4_ZERO, &Weight::w4_zero, &Weight::n4),
                (const int8_t*)add(experts, kernels, tiled, MIXLLM_W8, &Weight::w8, &Weight::n8),
                (const uint16_t*)add(experts, kernels, tiled, MIXLLM_W8_SCALE, &Weight::w8_scale, &Weight::n8),
                rows->data(),
                tiled};
    }

private:
    template <class T>
    const void* add(const std::vector<Weight>& experts, const KernelSet& kernels, bool tiled,
                    mixllm_component component, std::vector<T> Weight::*part, int64_t Weight::*n) {
        std::vector<uint8_t> all;
        for (const Weight& w : experts) {
            const size_t bytes = (w.*part).size() * sizeof(T);
            const std::unique_ptr<void, void (*)(void*)> to(mixllm_cpu_allocate(bytes), mixllm_cpu_free);
            if (tiled && w.*n > 0) {
                tile_with(kernels, component, (w.*part).data(), to.get(), w.*n, w.n_inputs);
            } else if (bytes > 0) {
                std::memcpy(to.get(), (w.*part).data(), bytes);
            }
            all.insert(all.end(), (const uint8_t*)to.get(), (const uint8_t*)to.get() + bytes);
        }
        components.push_back(std::make_unique<GuardedCopy<uint8_t>>(all));
        return all.empty() ? nullptr : components.back()->data();
    }
};

constexpr float untouched = -12345.5f;

class Suite {
public:
    explicit Suite(const KernelSet& kernels) : kernels(kernels) {}

    void check(const Case& c, std::mt19937& random) {
        std::vector<Weight> experts;
        for (const int64_t n4 : c.n4) {
            experts.push_back(make_weight(c.n_inputs, n4, c.n_outputs - n4, Rows::ascending, c.values, random));
        }
        check(c, experts, false, random);
        check(c, experts, true, random);
    }

    int cases = 0;
    int failures = 0;

private:
    static int32_t choose(const Case& c, int64_t token, int64_t slot, std::mt19937& random) {
        const int32_t n = (int32_t)c.n4.size();
        const int32_t any = (int32_t)(random() % (uint32_t)n);
        switch (c.choice) {
        case Choice::all_the_same:
            return n - 1;
        case Choice::twice:
            return (int32_t)((token + slot / 2) % n);
        case Choice::some_of_none: {
            static const int32_t wrong[] = {-1, std::numeric_limits<int32_t>::min(),
                                            std::numeric_limits<int32_t>::max()};
            const uint32_t r = random() % 8;
            return r < 3 ? wrong[r] : r == 3 ? n : any;
        }
        default:
            return any;
        }
    }

    void check(const Case& c, const std::vector<Weight>& experts, bool tiled, std::mt19937& random) {
        const Stack stack(experts, kernels, tiled);
        const int64_t pad = c.strided ? 5 : 0;
        const int64_t x_slot_stride = c.n_inputs + pad;
        const int64_t x_token_stride = c.x_slots * x_slot_stride + 3 * pad;
        const int64_t y_slot_stride = c.n_outputs + pad;
        const int64_t y_token_stride = c.slots * y_slot_stride + 2 * pad;
        const int64_t ids_slot_stride = c.strided ? 3 : 1;
        const int64_t ids_token_stride = c.slots * ids_slot_stride + pad;

        // Each ends with what is read last.
        const auto end = [](int64_t count, int64_t stride, int64_t rest) {
            return (size_t)(count == 0 ? 0 : (count - 1) * stride + rest);
        };
        std::vector<float> x(end(c.tokens, x_token_stride, end(c.x_slots, x_slot_stride, c.n_inputs)));
        std::normal_distribution<float> normal;
        for (float& v : x) {
            v = c.values == Values::unit ? (float)((int)(random() % 255) - 127) : normal(random);
        }
        for (int64_t row = 0; row < c.tokens * c.x_slots && c.values == Values::unit; row++) {
            for (int64_t k = 0; k < c.n_inputs; k += MIXLLM_GROUP_SIZE) {
                // s_x = 1: y is an exact integer
                x[row / c.x_slots * x_token_stride + row % c.x_slots * x_slot_stride + k] = 127;
            }
        }
        std::vector<int32_t> ids(end(c.tokens, ids_token_stride, end(c.slots, ids_slot_stride, 1)), 77777);
        for (int64_t t = 0; t < c.tokens; t++) {
            for (int64_t s = 0; s < c.slots; s++) {
                ids[t * ids_token_stride + s * ids_slot_stride] = choose(c, t, s, random);
            }
        }
        const GuardedCopy<float> x_copy(x);
        const GuardedCopy<int32_t> ids_copy(ids);
        const mixllm_cpu_routing routing = {(int64_t)experts.size(), c.tokens,        c.slots,       ids_copy.data(),
                                            ids_token_stride,        ids_slot_stride, x_copy.data(), c.x_slots,
                                            x_token_stride,          x_slot_stride};

        const size_t bytes = mixllm_cpu_route_bytes(&routing, c.n_inputs, c.threads);
        const size_t guard = 64;
        char* work = (char*)::operator new(bytes + guard, std::align_val_t(64));
        std::memset(work, 0x5A, bytes + guard);
        std::vector<float> y((size_t)(c.tokens * y_token_stride + 16), untouched);
        on_threads(c.threads, [&](int i) { route_with(kernels, routing, c.n_inputs, work, i, c.threads); });
        on_threads(c.threads, [&](int i) {
            mul_mat_experts_with(kernels, stack.view, routing, work, y.data(), y_token_stride, y_slot_stride, i,
                                 c.threads);
        });
        std::string problem;
        for (size_t i = 0; i < guard; i++) {
            problem = work[bytes + i] == 0x5A ? problem : "wrote past the end of the work memory";
        }
        ::operator delete(work, std::align_val_t(64));

        std::vector<float> expected((size_t)(c.tokens * y_token_stride + 16), untouched);
        for (int64_t t = 0; t < c.tokens; t++) {
            for (int64_t s = 0; s < c.slots; s++) {
                float* to = &expected[t * y_token_stride + s * y_slot_stride];
                const int32_t expert = ids[t * ids_token_stride + s * ids_slot_stride];
                if (expert < 0 || expert >= (int32_t)experts.size()) {
                    std::fill_n(to, c.n_outputs, std::numeric_limits<float>::quiet_NaN());
                    continue;
                }
                const float* row = &x[t * x_token_stride + s % c.x_slots * x_slot_stride];
                const Reference one =
                    reference(experts[expert], std::vector<float>(row, row + c.n_inputs), c.n_inputs, 1);
                std::copy(one.y.begin(), one.y.end(), to);
                for (int64_t n = 0; n < c.n_outputs && c.values == Values::unit && problem.empty(); n++) {
                    if ((double)one.y[n] != one.y64[n]) {
                        problem = "the reference itself is no integer";
                    }
                }
            }
        }
        for (size_t i = 0; i < y.size() && problem.empty(); i++) {
            if (!same(y[i], expected[i])) {
                char text[160];
                std::snprintf(text, sizeof text, "float %zu of y (token %zu) is %.9g, the definition gives %.9g", i,
                              i / (size_t)y_token_stride, y[i], expected[i]);
                problem = text;
            }
        }
        cases++;
        if (!problem.empty()) {
            failures++;
            std::fprintf(stderr, "%s: %s tiled=%d: %s\n", kernels.isa, c.name().c_str(), (int)tiled, problem.c_str());
        }
    }

    // One after another in one case, at the same time in the next.
    template <class Work>
    void on_threads(int threads, Work&& work) {
        if (cases % 2 == 0) {
            for (int i = threads - 1; i >= 0; i--) {
                work(i);
            }
            return;
        }
        std::vector<std::thread> pool;
        for (int i = 0; i < threads; i++) {
            pool.emplace_back(work, i);
        }
        for (std::thread& t : pool) {
            t.join();
        }
    }

    const KernelSet& kernels;
};

} // namespace

bool test_experts(const KernelSet& kernels) {
    std::mt19937 random(2);
    Suite suite(kernels);
    // Equal and unequal counts; experts all of 4 and all of 8 bits; stacks of one part alone; one expert.
    const std::vector<std::vector<int64_t>> stacks = {{48, 48, 48}, {64, 0, 16, 48, 32}, {64, 64}, {0, 0, 0}, {16}};
    int turn = 0;
    for (const int64_t k : {32, 128, 160, 384}) {
        for (const std::vector<int64_t>& n4 : stacks) {
            for (const int64_t tokens : {0, 1, 2, 7, 40}) {
                for (const Choice choice : {Choice::any, Choice::all_the_same, Choice::twice, Choice::some_of_none}) {
                    const int64_t slots = turn % 3 == 0 ? 1 : turn % 3 == 1 ? 4 : 6;
                    const int64_t x_slots = turn % 4 == 0 ? slots : turn % 4 == 1 && slots > 1 ? slots / 2 : 1;
                    const Values values = turn % 5 == 3   ? Values::limits
                                          : turn % 5 == 4 ? Values::unit
                                                          : Values::ordinary;
                    suite.check({k, 64, n4, tokens, slots, x_slots, choice, turn % 2 == 0, turn % 3 + 1, values},
                                random);
                    turn++;
                }
            }
        }
    }
    // More tokens of one expert than are gathered at a time; more threads than tiles; many experts, few of them chosen.
    suite.check({128, 32, {16, 32}, 150, 2, 1, Choice::all_the_same, true, 2, Values::ordinary}, random);
    suite.check({256, 32, {16, 32}, 3, 2, 1, Choice::any, false, 9, Values::ordinary}, random);
    suite.check({128, 32, std::vector<int64_t>(100, 16), 5, 4, 4, Choice::any, false, 2, Values::unit}, random);
    std::printf("%s: %d cases of experts, %d failed\n", kernels.isa, suite.cases, suite.failures);
    return suite.failures == 0;
}
