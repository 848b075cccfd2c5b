// Holds every path this machine can run against the definition in mixllm_cpu.h, bit for bit, and against the same
// product in float64. `mixllm-cpu-test <isa>` tests that path alone and exits 77 when this machine cannot run it.

#include "experts_test.h"
#include "guarded_copy.h"
#include "mixllm_cpu.h"
#include "reference.h"
#include "run.h"
#include "select_kernels.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#ifdef MIXLLM_TEST_AVX_VNNI_AS_EVEX
extern const KernelSet kernels_avx_vnni_as_evex;
#endif

namespace {

// The packed weight as the kernels see it; reading beyond any part of it stops the test.
struct GuardedWeight {
    GuardedCopy<uint8_t> w4, w4_zero;
    GuardedCopy<uint16_t> w4_scale;
    GuardedCopy<int8_t> w8;
    GuardedCopy<uint16_t> w8_scale;
    GuardedCopy<int32_t> rows;
    mixllm_cpu_weight view;

    GuardedWeight(const Weight& w, const KernelSet& kernels, bool tiled)
        : w4(form(w.w4, MIXLLM_W4, w.n4, w, kernels, tiled)),
          w4_zero(form(w.w4_zero, MIXLLM_W4_ZERO, w.n4, w, kernels, tiled)),
          w4_scale(form(w.w4_scale, MIXLLM_W4_SCALE, w.n4, w, kernels, tiled)),
          w8(form(w.w8, MIXLLM_W8, w.n8, w, kernels, tiled)),
          w8_scale(form(w.w8_scale, MIXLLM_W8_SCALE, w.n8, w, kernels, tiled)), rows(w.rows) {
        view.n_inputs = w.n_inputs;
        view.n4 = w.n4;
        view.n8 = w.n8;
        view.w4 = w.n4 ? w4.data() : nullptr;
        view.w4_scale = w.n4 ? w4_scale.data() : nullptr;
        view.w4_zero = w.n4 ? w4_zero.data() : nullptr;
        view.w8 = w.n8 ? w8.data() : nullptr;
        view.w8_scale = w.n8 ? w8_scale.data() : nullptr;
        view.rows = rows.data();
        view.tiled = tiled;
    }

private:
    template <class T>
    static std::vector<T> form(const std::vector<T>& file, mixllm_component component, int64_t n, const Weight& w,
                               const KernelSet& kernels, bool tiled) {
        if (!tiled || n == 0) {
            return file;
        }
        const size_t bytes = file.size() * sizeof(T);
        const std::unique_ptr<void, void (*)(void*)> to(mixllm_cpu_allocate(bytes), mixllm_cpu_free);
        tile_with(kernels, component, file.data(), to.get(), n, w.n_inputs);
        return std::vector<T>((const T*)to.get(), (const T*)to.get() + file.size());
    }
};

constexpr float untouched = -12345.5f;

// y [tokens][y_stride], with `untouched` wherever nothing was written.
std::vector<float> compute(const KernelSet& kernels, const Weight& w, const std::vector<float>& x, int64_t x_stride,
                           int64_t tokens, int64_t y_stride, int threads, bool concurrent, bool tiled) {
    const size_t bytes = mixllm_cpu_activation_bytes(w.n_inputs, tokens);
    // The guard after the buffer catches writes beyond it.
    const size_t guard = 64;
    char* activations = (char*)::operator new(bytes + guard, std::align_val_t(64));
    std::memset(activations, 0x5A, bytes + guard);
    std::vector<float> y(tokens * y_stride + 16, untouched);
    const GuardedWeight guarded(w, kernels, tiled);
    // The last row of x ends where its last input does: a stride beyond it is not readable.
    const size_t x_end = tokens == 0 ? 0 : (size_t)((tokens - 1) * x_stride + w.n_inputs);
    const GuardedCopy<float> x_copy(std::vector<float>(x.begin(), x.begin() + x_end));
    const auto on_threads = [&](auto&& work) {
        if (concurrent) {
            std::vector<std::thread> pool;
            for (int i = 0; i < threads; i++) {
                pool.emplace_back(work, i);
            }
            for (std::thread& t : pool) {
                t.join();
            }
        } else {
            for (int i = threads - 1; i >= 0; i--) {
                work(i);
            }
        }
    };
    on_threads(
        [&](int i) { quantize_with(kernels, x_copy.data(), x_stride, w.n_inputs, tokens, activations, i, threads); });
    on_threads(
        [&](int i) { mul_mat_with(kernels, guarded.view, activations, tokens, y.data(), y_stride, i, threads); });
    for (size_t i = 0; i < guard; i++) {
        if (activations[bytes + i] != 0x5A) {
            std::fprintf(stderr, "%s: quantize wrote past the end of the activation buffer\n", kernels.isa);
            std::exit(1);
        }
    }
    ::operator delete(activations, std::align_val_t(64));
    return y;
}

struct Case {
    int64_t n_inputs, n4, n8, tokens;
    int64_t x_pad, y_pad;
    int threads;
    Rows order;
    Values values;
};

class Suite {
public:
    explicit Suite(const KernelSet& kernels) : kernels(kernels) {}

    void check(const Case& c, std::mt19937& random) {
        const Weight w = make_weight(c.n_inputs, c.n4, c.n8, c.order, c.values, random);
        const int64_t x_stride = c.n_inputs + c.x_pad;
        std::vector<float> x(std::max<int64_t>(c.tokens * x_stride, 1));
        std::normal_distribution<float> normal(0, 1);
        for (float& v : x) {
            v = c.values == Values::unit ? (float)((int)(random() % 255) - 127) : normal(random);
        }
        for (int64_t t = 0; t < c.tokens && c.values != Values::ordinary; t++) {
            for (int64_t g = 0; g < w.groups; g++) {
                set_group(&x[t * x_stride + g * 128], std::min<int64_t>(128, c.n_inputs - g * 128), c.values, random);
            }
        }
        compare(c, w, x, x_stride, reference(w, x, x_stride, c.tokens));
    }

    void check_not_finite(std::mt19937& random) {
        const Case c = {4 * 128 + 32, 32, 16, 3, 0, 0, 1, Rows::ascending, Values::ordinary};
        const Weight w = make_weight(c.n_inputs, c.n4, c.n8, c.order, c.values, random);
        for (const float bad : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                                std::numeric_limits<float>::quiet_NaN()}) {
            for (const int64_t at : {int64_t(0), int64_t(200), c.n_inputs - 1}) {
                std::vector<float> x(c.tokens * c.n_inputs, 0.5f);
                x[c.n_inputs + at] = bad;
                compare(c, w, x, c.n_inputs, reference(w, x, c.n_inputs, c.tokens));
            }
        }
    }

    int cases = 0;
    int failures = 0;

private:
    static void set_group(float* x, int64_t n, Values values, std::mt19937& random) {
        if (values == Values::unit) {
            x[random() % n] = random() % 2 ? 127.0f : -127.0f; // s_x = 1: y is an exact integer
            return;
        }
        static const float sizes[] = {0.0f, 1e-45f, 1e-39f, 1.4e-36f, 1.6e-36f, 1e-30f, 1.0f, 1e30f, 1e36f};
        const float size = sizes[random() % 9];
        const uint32_t shape = random() % 3;
        for (int64_t i = 0; i < n; i++) {
            // All at the limit with one sign, both signs, or ties halfway between two integers.
            const float tie = ((float)(int)(random() % 253) - 126.5f) / 127;
            x[i] = size * (shape == 0 ? 1.0f : shape == 1 ? (random() % 2 ? 1.0f : -1.0f) : i == 0 ? 1.0f : tie);
        }
    }

    void compare(const Case& c, const Weight& w, const std::vector<float>& x, int64_t x_stride,
                 const Reference& expected) {
        compare(c, w, x, x_stride, expected, false);
        compare(c, w, x, x_stride, expected, true);
    }

    void compare(const Case& c, const Weight& w, const std::vector<float>& x, int64_t x_stride,
                 const Reference& expected, bool tiled) {
        const int64_t n = c.n4 + c.n8;
        const int64_t y_stride = n + c.y_pad;
        const std::vector<float> y =
            compute(kernels, w, x, x_stride, c.tokens, y_stride, c.threads, cases % 4 == 0 && c.threads > 1, tiled);
        cases++;
        std::string problem;
        for (int64_t i = 0; i < (int64_t)y.size() && problem.empty(); i++) {
            const int64_t t = i / y_stride, channel = i % y_stride;
            char text[200];
            if (t >= c.tokens || channel >= n) {
                if (bits_of(y[i]) != bits_of(untouched)) {
                    std::snprintf(text, sizeof text, "wrote outside y at float %lld", (long long)i);
                    problem = text;
                }
                continue;
            }
            const float want = expected.y[t * n + channel];
            const double want64 = expected.y64[t * n + channel];
            // Two roundings a group, each at most 2^-24 of a partial sum.
            const double bound = expected.magnitude[t * n + channel] * (double)(w.groups + 2) * 0x1p-23 + 1e-37;
            if (!same(y[i], want)) {
                std::snprintf(text, sizeof text, "token %lld channel %lld: got %.9g, the definition gives %.9g",
                              (long long)t, (long long)channel, y[i], want);
                problem = text;
            } else if (std::isfinite(want) && std::fabs(want - want64) > bound) {
                std::snprintf(text, sizeof text, "token %lld channel %lld: got %.9g, float64 gives %.17g", (long long)t,
                              (long long)channel, y[i], want64);
                problem = text;
            } else if (c.values == Values::unit && (double)y[i] != want64) {
                std::snprintf(text, sizeof text, "token %lld channel %lld: integer %.9g should be %.17g", (long long)t,
                              (long long)channel, y[i], want64);
                problem = text;
            }
        }
        if (!problem.empty()) {
            failures++;
            std::fprintf(stderr,
                         "%s: K=%lld n4=%lld n8=%lld tokens=%lld x_pad=%lld y_pad=%lld threads=%d rows=%s values=%d "
                         "tiled=%d: %s\n",
                         kernels.isa, (long long)c.n_inputs, (long long)c.n4, (long long)c.n8, (long long)c.tokens,
                         (long long)c.x_pad, (long long)c.y_pad, c.threads,
                         c.order == Rows::ascending ? "ascending" : "shuffled", (int)c.values, (int)tiled,
                         problem.c_str());
        }
    }

    const KernelSet& kernels;
};

bool test_path(const KernelSet& kernels) {
    std::mt19937 random(1);
    Suite suite(kernels);
    const int64_t inputs[] = {32, 64, 96, 128, 160, 192, 224, 256, 384, 512, 992, 1024, 4096};
    const int64_t tokens[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33, 65};
    const int64_t parts[][2] = {{16, 0}, {0, 16}, {16, 16}, {32, 16}, {48, 0}, {0, 48}, {112, 16}, {48, 80}};
    int turn = 0;
    for (const int64_t k : inputs) {
        for (const int64_t t : tokens) {
            for (const auto& part : parts) {
                if (k * t * (part[0] + part[1]) > 8'000'000 && turn % 3 != 0) {
                    turn++;
                    continue;
                }
                const Values values = turn % 5 == 3 ? Values::limits : turn % 5 == 4 ? Values::unit : Values::ordinary;
                const Case c = {k,
                                part[0],
                                part[1],
                                t,
                                turn % 3 == 0 ? 0 : turn % 7,
                                turn % 4 == 0 ? 0 : turn % 11,
                                turn % 3 + 1,
                                turn % 6 == 0 ? Rows::shuffled : Rows::ascending,
                                values};
                suite.check(c, random);
                turn++;
            }
        }
    }
    // More threads than tiles; many tiles; the longest sums of extreme products.
    suite.check({256, 16, 16, 3, 0, 0, 7, Rows::ascending, Values::ordinary}, random);
    suite.check({512, 720, 80, 12, 0, 0, 3, Rows::ascending, Values::ordinary}, random);
    suite.check({4096, 16, 16, 20, 0, 0, 1, Rows::ascending, Values::limits}, random);
    suite.check({4096, 16, 16, 20, 0, 0, 1, Rows::ascending, Values::unit}, random);
    suite.check_not_finite(random);
    std::printf("%s: %d cases, %d failed\n", kernels.isa, suite.cases, suite.failures);
    return suite.failures == 0;
}

} // namespace

int main(int argc, char** argv) {
    bool passed = true;
    int tested = 0;
    std::vector<const KernelSet*> sets;
    for (const KernelSet* const* set = all_kernels(); *set != nullptr; set++) {
        sets.push_back(*set);
    }
#ifdef MIXLLM_TEST_AVX_VNNI_AS_EVEX
    sets.push_back(&kernels_avx_vnni_as_evex);
#endif
    for (const KernelSet* set : sets) {
        if (argc > 1 && std::strcmp(argv[1], set->isa) != 0) {
            continue;
        }
        if (!set->runs_here()) {
            std::printf("%s: skipped, this machine cannot run it\n", set->isa);
            continue;
        }
        passed = test_path(*set) && passed;
        passed = test_experts(*set) && passed;
        tested++;
    }
    if (tested == 0) {
        std::printf("nothing tested\n");
        return 77;
    }
    return passed ? 0 : 1;
}
