// Measures the CPU kernels alone: int8 operations a second against the peak of the machine's multiply instruction, and
// weight bytes a second against its read bandwidth, both measured in the same rounds. Weights are rotated through more
// memory than the caches hold.

#include "elapsed_seconds.h"
#include "measure_bandwidth.h"
#include "measure_peak.h"
#include "mixllm_cpu.h"
#include "rotating_weights.h"
#include "team.h"
#include "thread_seconds.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace {

struct Options {
    std::vector<std::pair<int64_t, int64_t>> shapes = {{4096, 4096}, {14336, 4096}, {4096, 14336}, {1024, 4096}};
    std::vector<int64_t> tokens = {1, 2, 4, 8, 16, 64, 512};
    std::vector<int64_t> percents = {0, 10, 100};
    int threads = 1;
    int repeat = 5;
    bool json = false;
    bool elapsed = false;
    bool tiled = false;
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

struct Row {
    int64_t n, k, percent, tokens;
    double gops, peak_share, gbps, bandwidth_share, quantize_share;
};

Row measure(const Options& options, const RotatingWeights& w, const char* big, size_t big_bytes, int64_t n, int64_t k,
            int64_t percent, int64_t tokens) {
    std::vector<float> x((size_t)(tokens * k));
    for (size_t i = 0; i < x.size(); i++) {
        x[i] = (float)(i * 2654435761u % 2001) / 1000 - 1;
    }
    std::vector<float> y((size_t)(tokens * n));
    const AlignedMemory activations = allocate_aligned(mixllm_cpu_activation_bytes(k, tokens));
    const double operations = 2.0 * (double)n * (double)k * (double)tokens;
    // About 40 ms of 100e9 operations or of 10e9 bytes a second.
    const int calls = (int)std::max(1.0, 0.04 / std::max(operations / 100e9, (double)w.bytes / 10e9));
    Team team(options.threads);
    const auto clock = options.elapsed ? elapsed_seconds : thread_seconds;
    std::vector<double> gops, peaks, gbps, bandwidths, quantize;
    size_t turn = 0;
    for (int round = 0; round < options.repeat; round++) {
        std::vector<double> peak(options.threads), bandwidth(options.threads), quantizing(options.threads);
        const size_t share = big_bytes / options.threads / 64 * 64;
        team.run(options.elapsed, [&](int i) { peak[i] = measure_peak(mixllm_cpu_isa(), 0.01, clock); });
        team.run(options.elapsed, [&](int i) { bandwidth[i] = measure_bandwidth({{big + i * share, share}}, clock); });
        const size_t first = turn;
        turn += calls;
        const double seconds = team.run(options.elapsed, [&](int i) {
            for (int c = 0; c < calls; c++) {
                const double start = thread_seconds();
                mixllm_cpu_quantize(x.data(), k, k, tokens, activations.get(), i, options.threads);
                quantizing[i] += thread_seconds() - start;
                if (options.threads > 1) {
                    team.wait();
                }
                mixllm_cpu_mul_mat(&w.copies[(first + c) % w.copies.size()], activations.get(), tokens, y.data(), n, i,
                                   options.threads);
                if (options.threads > 1) {
                    team.wait();
                }
            }
        });
        gops.push_back(operations * calls / seconds * 1e-9);
        gbps.push_back((double)w.bytes * calls / seconds * 1e-9);
        peaks.push_back(std::accumulate(peak.begin(), peak.end(), 0.0));
        bandwidths.push_back(std::accumulate(bandwidth.begin(), bandwidth.end(), 0.0));
        quantize.push_back(*std::max_element(quantizing.begin(), quantizing.end()) / seconds);
    }
    std::vector<double> peak_shares, bandwidth_shares;
    for (size_t i = 0; i < gops.size(); i++) {
        peak_shares.push_back(peaks[i] > 0 ? gops[i] / peaks[i] : 0);
        bandwidth_shares.push_back(gbps[i] / bandwidths[i]);
    }
    return {n,
            k,
            percent,
            tokens,
            median(gops),
            median(peak_shares),
            median(gbps),
            median(bandwidth_shares),
            median(quantize)};
}

[[noreturn]] void usage(const char* problem) {
    std::fprintf(stderr,
                 "%s\n"
                 "mixllm-cpu-bench [--shape NxK]... [--tokens T,...] [--percent P,...] [--threads N] [--repeat R]\n"
                 "                 [--tiled] [--elapsed] [--json]\n"
                 "--tiled measures the form that weights copied into memory have, else that of the file.\n"
                 "Times are CPU times of the slowest thread, or with --elapsed wall-clock times.\n"
                 "MIXLLM_CPU_ISA chooses the instruction set.\n",
                 problem);
    std::exit(1);
}

int64_t parse_number(const std::string& text, int64_t least, int64_t most) {
    char* end;
    const long long value = std::strtoll(text.c_str(), &end, 10);
    if (text.empty() || *end != '\0' || value < least || value > most) {
        usage(("mixllm-cpu-bench: \"" + text + "\" is not a number from " + std::to_string(least) + " to " +
               std::to_string(most))
                  .c_str());
    }
    return value;
}

std::vector<int64_t> parse_list(const std::string& text, int64_t least, int64_t most) {
    std::vector<int64_t> values;
    for (size_t at = 0; at <= text.size();) {
        const size_t comma = std::min(text.find(',', at), text.size());
        values.push_back(parse_number(text.substr(at, comma - at), least, most));
        at = comma + 1;
    }
    return values;
}

Options parse(int argc, char** argv) {
    Options options;
    bool own_shapes = false;
    for (int i = 1; i < argc; i++) {
        const std::string name = argv[i];
        if (name == "--json") {
            options.json = true;
            continue;
        }
        if (name == "--tiled") {
            options.tiled = true;
            continue;
        }
        if (name == "--elapsed") {
            options.elapsed = true;
            continue;
        }
        if (i + 1 == argc) {
            usage(("mixllm-cpu-bench: unknown option or missing value: " + name).c_str());
        }
        const std::string value = argv[++i];
        if (name == "--shape") {
            if (!own_shapes) {
                options.shapes.clear();
                own_shapes = true;
            }
            const size_t x = std::min(value.find('x'), value.size());
            const int64_t n = parse_number(value.substr(0, x), 16, 1 << 20);
            const int64_t k = parse_number(x < value.size() ? value.substr(x + 1) : "", 32, 1 << 20);
            if (n % 16 != 0 || k % 32 != 0) {
                usage("mixllm-cpu-bench: N must be a multiple of 16 and K of 32");
            }
            options.shapes.push_back({n, k});
        } else if (name == "--tokens") {
            options.tokens = parse_list(value, 1, 1 << 16);
        } else if (name == "--percent") {
            options.percents = parse_list(value, 0, 100);
        } else if (name == "--threads") {
            options.threads = (int)parse_number(value, 1, 1024);
        } else if (name == "--repeat") {
            options.repeat = (int)parse_number(value, 1, 1000);
        } else {
            usage(("mixllm-cpu-bench: unknown option " + name).c_str());
        }
    }
    for (const auto& shape : options.shapes) {
        if (options.tiled && shape.second % MIXLLM_GROUP_SIZE != 0) {
            usage("mixllm-cpu-bench: --tiled needs K to be a multiple of 128");
        }
    }
    return options;
}

} // namespace

int main(int argc, char** argv) {
    const Options options = parse(argc, argv);
    const size_t big_bytes = 256u << 20;
    const AlignedMemory big = options.tiled ? AlignedMemory((char*)mixllm_cpu_allocate(big_bytes), mixllm_cpu_free)
                                            : allocate_aligned(big_bytes);
    std::memset(big.get(), 1, big_bytes);
    std::vector<Row> rows;
    if (!options.json) {
        std::printf("%s, %d thread%s, median of %d\n", mixllm_cpu_isa(), options.threads,
                    options.threads == 1 ? "" : "s", options.repeat);
        std::printf("%6s %6s %5s %6s %9s %7s %8s %7s %9s\n", "N", "K", "8bit%", "tokens", "GOPS", "of peak", "GB/s",
                    "of read", "quantize");
    }
    for (const auto& shape : options.shapes) {
        for (const int64_t percent : options.percents) {
            const RotatingWeights weights(shape.first, shape.second, percent, options.tiled);
            for (const int64_t tokens : options.tokens) {
                const Row r =
                    measure(options, weights, big.get(), big_bytes, shape.first, shape.second, percent, tokens);
                if (options.json) {
                    rows.push_back(r);
                    continue;
                }
                std::printf("%6lld %6lld %5lld %6lld %9.1f %6.1f%% %8.2f %6.1f%% %8.1f%%\n", (long long)r.n,
                            (long long)r.k, (long long)r.percent, (long long)r.tokens, r.gops, 100 * r.peak_share,
                            r.gbps, 100 * r.bandwidth_share, 100 * r.quantize_share);
                std::fflush(stdout);
            }
        }
    }
    if (options.json) {
        std::printf("[\n");
        for (size_t i = 0; i < rows.size(); i++) {
            const Row& r = rows[i];
            std::printf("  {\"isa\": \"%s\", \"threads\": %d, \"n\": %lld, \"k\": %lld, \"percent8bit\": %lld, "
                        "\"tokens\": %lld, \"gops\": %.2f, \"peakShare\": %.4f, \"gigabytesPerSecond\": %.3f, "
                        "\"bandwidthShare\": %.4f, \"quantizeShare\": %.4f}%s\n",
                        mixllm_cpu_isa(), options.threads, (long long)r.n, (long long)r.k, (long long)r.percent,
                        (long long)r.tokens, r.gops, r.peak_share, r.gbps, r.bandwidth_share, r.quantize_share,
                        i + 1 < rows.size() ? "," : "");
        }
        std::printf("]\n");
    }
    return 0;
}
