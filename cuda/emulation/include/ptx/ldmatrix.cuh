// Stands in for cuda/ptx/ldmatrix.cuh in the host emulation.

#pragma once

#include "memory/shared.cuh"

inline void ldmatrix_x4(uint32_t (&r)[4], Shared<const uint8_t> row) {
    emulation::running_block().on_shared_read(row.address, 16, true);
    const emulation::LaneExchange& result = emulation::running_block().collective(
        "ldmatrix", &row.address, sizeof row.address, [](emulation::LaneExchange* warp) {
            for (int lane = 0; lane < emulation::WARP_THREADS; lane++) {
                for (int matrix = 0; matrix < 4; matrix++) {
                    const uint8_t* address;
                    std::memcpy(&address, warp[matrix * 8 + lane / 4].in, sizeof address);
                    std::memcpy(warp[lane].out + matrix * 4, address + lane % 4 * 4, 4);
                }
            }
        });
    std::memcpy(r, result.out, sizeof r);
}
