// Stands in for cuda/ptx/warp_match.cuh in the host emulation.

#pragma once

#include <cuda_runtime.h>

inline uint32_t warp_match(uint32_t value) {
    const emulation::LaneExchange& result =
        emulation::running_block().collective("warp_match", &value, sizeof value, [](emulation::LaneExchange* warp) {
            for (int lane = 0; lane < emulation::WARP_THREADS; lane++) {
                uint32_t same = 0;
                for (int other = 0; other < emulation::WARP_THREADS; other++) {
                    same |= (uint32_t)(std::memcmp(warp[lane].in, warp[other].in, sizeof same) == 0) << other;
                }
                std::memcpy(warp[lane].out, &same, sizeof same);
            }
        });
    uint32_t lanes;
    std::memcpy(&lanes, result.out, sizeof lanes);
    return lanes;
}
