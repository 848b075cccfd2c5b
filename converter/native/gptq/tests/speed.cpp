// Prints seconds and GFLOP/s of every dense step of the method for one linear, as ../NOTES.md reports them:
//   gptq-speed THREADS OUTPUTS INPUTS TOKENS

#include <chrono>
#include <cstdio>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "calibration/moments.h"
#include "common/native/workers.h"
#include "engine/graph.h"
#include "gptq/factorize.h"
#include "gptq/gptq.h"
#include "gptq/outer_products.h"

using namespace mixllm;

namespace {

/// What the machine's multiply-adds reach on data in registers: the peak that the method's loops are held against.
template <typename T>
double peak_flops(const Workers& workers) {
    using Tile = OuterTile<T>;
    constexpr size_t depth = 64;
    constexpr size_t repeats = 400000;
    const auto threads = static_cast<size_t>(workers.threads());
    const double start = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    workers.for_each(threads, [&](size_t) {
        std::vector<T> a(depth * Tile::rows, T(0.5));
        std::vector<T> b(depth * Tile::columns, T(0.5));
        std::vector<T> sum(Tile::rows * Tile::columns, T(0));
        for (size_t repeat = 0; repeat < repeats; repeat++) {
            Tile::accumulate(depth, a.data(), Tile::rows, b.data(), Tile::columns, T(1e-9), sum.data(), Tile::columns);
        }
    });
    const double end = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    return 2.0 * static_cast<double>(threads) * repeats * depth * Tile::rows * Tile::columns / (end - start);
}

/// Prints seconds and GFLOP/s of every dense step for one linear of `outputs` x `inputs`.
void measure_speed(const Workers& workers, int64_t outputs, int64_t inputs, int64_t tokens) {
    Engine engine(workers);
    const double peak32 = peak_flops<float>(workers);
    const double peak64 = peak_flops<double>(workers);
    std::printf("%d threads, register-tile peak: float %.1f GFLOP/s, double %.1f GFLOP/s\n", workers.threads(),
                peak32 / 1e9, peak64 / 1e9);
    const auto report = [](const char* what, double flops, double peak, const std::function<void()>& run) {
        const auto start = std::chrono::steady_clock::now();
        run();
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        std::printf("%-34s %7.2f s  %7.1f GFLOP/s  %3.0f %% of peak\n", what, seconds, flops / seconds / 1e9,
                    100 * flops / seconds / peak);
    };
    std::mt19937 generator(1);
    std::normal_distribution<float> normal;
    const auto n = static_cast<double>(outputs);
    const auto k = static_cast<double>(inputs);
    const auto t = static_cast<double>(tokens);
    std::vector<float> weights(static_cast<size_t>(outputs * inputs));
    std::vector<float> x(static_cast<size_t>(tokens * inputs));
    for (float& value : weights) {
        value = normal(generator);
    }
    for (float& value : x) {
        value = normal(generator);
    }

    std::vector<float> y(static_cast<size_t>(tokens * outputs));
    report("linear, ggml float GEMM", 2 * n * k * t, peak32, [&] {
        Graph graph(engine);
        graph.output(multiply(graph.context(), graph.input(weights.data(), inputs, outputs),
                              graph.input(x.data(), inputs, tokens)),
                     y.data());
        graph.compute();
    });
    Hessian hessian(static_cast<size_t>(inputs));
    report("Hessian, lower triangle", k * k * t, peak32, [&] { hessian.add(engine, x.data(), tokens); });
    Triangle copy = hessian.values();
    for (size_t i = 0; i < copy.size(); i++) {
        copy.row(i)[i] += 0.1 * t;
    }
    report("factorization, float64", k * k * k / 3, peak64, [&] { factorize(copy, workers); });
    const HessianFactor factor(hessian.values(), 0.1, workers);
    const ClipSearch search = ClipSearch::standard();
    const double candidates = static_cast<double>(search.ratios4.size() + 2 * search.offsets.size() + 2);
    report("GPTQ with clip search", n * k * k + n * k * 128 * candidates, peak32, [&] {
        gptq(weights.data(), std::vector<uint8_t>(static_cast<size_t>(outputs)), factor, {}, search, workers);
    });
    std::vector<float> cross(weights.size(), 0.01f);
    report("regression on upstream errors", 2 * n * k * k, peak32,
           [&] { regress(weights.data(), cross.data(), static_cast<size_t>(outputs), factor, 0.5f, workers); });
}

} // namespace

int main(int count, char** arguments) {
    if (count != 5) {
        std::fprintf(stderr, "usage: gptq-speed THREADS OUTPUTS INPUTS TOKENS\n");
        return 1;
    }
    measure_speed(Workers(std::stoi(arguments[1])), std::stoll(arguments[2]), std::stoll(arguments[3]),
                  std::stoll(arguments[4]));
    return 0;
}
