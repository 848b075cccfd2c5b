#include "kernels/measureCeilings.h"

#include <cstring>
#include <measure_bandwidth.h>
#include <measure_peak.h>
#include <memory>
#include <mixllm_cpu.h>
#include <numeric>
#include <stdexcept>
#include <team.h>
#include <vector>

#include "kernels/kernelClock.h"

namespace {

constexpr size_t kBytesPerThread = size_t{128} << 20;
constexpr double kPeakSeconds = 0.02;

struct FreeMemory {
    void operator()(void* memory) const { mixllm_cpu_free(memory); }
};
/// Of the kind that the kernels' own weights lie in, huge pages where the system has them: others read slower.
using Memory = std::unique_ptr<void, FreeMemory>;

} // namespace

Ceilings measureCeilings(int32_t threads) {
    const auto count = static_cast<size_t>(threads);
    std::vector<Memory> memory(count);
    for (Memory& part : memory) {
        part.reset(mixllm_cpu_allocate(kBytesPerThread));
        if (part == nullptr)
            throw std::runtime_error("there is no memory to measure how fast it is read");
    }
    std::vector<double> peaks(count);
    std::vector<double> bandwidths(count);
    const Clock clock = kernelClock(threads);
    Team team(threads);
    // Each thread writes what it will read, so that it lies near it.
    team.run(true, [&](int i) { std::memset(memory[static_cast<size_t>(i)].get(), 1, kBytesPerThread); });
    team.run(true, [&](int i) { peaks[static_cast<size_t>(i)] = measure_peak(mixllm_cpu_isa(), kPeakSeconds, clock); });
    team.run(true, [&](int i) {
        bandwidths[static_cast<size_t>(i)] =
            measure_bandwidth(memory[static_cast<size_t>(i)].get(), kBytesPerThread, clock);
    });
    return {mixllm_cpu_isa(), 1e9 * std::accumulate(peaks.begin(), peaks.end(), 0.0),
            1e9 * std::accumulate(bandwidths.begin(), bandwidths.end(), 0.0)};
}
