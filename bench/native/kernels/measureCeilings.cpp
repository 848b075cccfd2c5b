#include "kernels/measureCeilings.h"

#include <measure_bandwidth.h>
#include <measure_peak.h>
#include <mixllm_cpu.h>
#include <numeric>
#include <team.h>
#include <vector>

#include "kernels/kernelClock.h"

namespace {

constexpr size_t kBytesPerThread = size_t{128} << 20;
constexpr double kPeakSeconds = 0.02;

} // namespace

Ceilings measureCeilings(int32_t threads) {
    const auto count = static_cast<size_t>(threads);
    std::vector<std::vector<char>> memory(count);
    std::vector<double> peaks(count);
    std::vector<double> bandwidths(count);
    const Clock clock = kernelClock(threads);
    Team team(threads);
    // Each thread writes what it will read, so that it lies near it.
    team.run(true, [&](int i) { memory[static_cast<size_t>(i)].assign(kBytesPerThread, 1); });
    team.run(true, [&](int i) { peaks[static_cast<size_t>(i)] = measure_peak(mixllm_cpu_isa(), kPeakSeconds, clock); });
    team.run(true, [&](int i) {
        bandwidths[static_cast<size_t>(i)] =
            measure_bandwidth(memory[static_cast<size_t>(i)].data(), kBytesPerThread, clock);
    });
    return {mixllm_cpu_isa(), 1e9 * std::accumulate(peaks.begin(), peaks.end(), 0.0),
            1e9 * std::accumulate(bandwidths.begin(), bandwidths.end(), 0.0)};
}
