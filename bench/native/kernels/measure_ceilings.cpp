#include "kernels/measure_ceilings.h"

#include <cstring>
#include <measure_bandwidth.h>
#include <measure_peak.h>
#include <memory>
#include <mixllm_cpu.h>
#include <numeric>
#include <stdexcept>
#include <team.h>
#include <vector>

namespace mixllm {

namespace {

constexpr size_t bytes_per_thread = size_t{128} << 20;
constexpr double peak_seconds = 0.02;

struct FreeMemory {
    void operator()(void* memory) const { mixllm_cpu_free(memory); }
};
/// Of the kind that the kernels' own weights lie in, huge pages where the system has them: others read slower.
using Memory = std::unique_ptr<void, FreeMemory>;

} // namespace

Ceilings measure_ceilings(int32_t threads) {
    const auto count = static_cast<size_t>(threads);
    std::vector<Memory> memory(count);
    for (Memory& part : memory) {
        part.reset(mixllm_cpu_allocate(bytes_per_thread));
        if (part == nullptr) {
            throw std::runtime_error("there is no memory to measure how fast it is read");
        }
    }
    std::vector<double> peaks(count);
    std::vector<double> bandwidths(count);
    const Clock clock = kernel_clock(threads);
    Team team(threads);
    // Each thread writes what it will read, so that it lies near it.
    team.run(true, [&](int i) { std::memset(memory[static_cast<size_t>(i)].get(), 1, bytes_per_thread); });
    team.run(true, [&](int i) { peaks[static_cast<size_t>(i)] = measure_peak(mixllm_cpu_isa(), peak_seconds, clock); });
    team.run(true, [&](int i) {
        bandwidths[static_cast<size_t>(i)] =
            measure_bandwidth({{memory[static_cast<size_t>(i)].get(), bytes_per_thread}}, clock);
    });
    return {mixllm_cpu_isa(), 1e9 * std::accumulate(peaks.begin(), peaks.end(), 0.0),
            1e9 * std::accumulate(bandwidths.begin(), bandwidths.end(), 0.0)};
}

} // namespace mixllm
