// Stands in for cuda/ptx/mma.cuh in the host emulation.

#pragma once

#include <cuda_runtime.h>

inline void mma_m16n8k32(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], const int32_t (&c)[4]) {
    struct Operands {
        uint32_t a[4], b[2];
        int32_t c[4];
    } mine;
    std::memcpy(mine.a, a, sizeof mine.a);
    std::memcpy(mine.b, b, sizeof mine.b);
    std::memcpy(mine.c, c, sizeof mine.c);
    const emulation::LaneExchange& result =
        emulation::running_block().collective("mma", &mine, sizeof mine, [](emulation::LaneExchange* warp) {
            int8_t a[16][32], b[8][32]; // b transposed
            for (int lane = 0; lane < emulation::WARP_THREADS; lane++) {
                const Operands& from = *reinterpret_cast<const Operands*>(warp[lane].in);
                const int g = lane / 4, t = lane % 4;
                for (int r = 0; r < 4; r++) {
                    std::memcpy(&a[g + r % 2 * 8][r / 2 * 16 + 4 * t], &from.a[r], 4);
                }
                for (int r = 0; r < 2; r++) {
                    std::memcpy(&b[g][r * 16 + 4 * t], &from.b[r], 4);
                }
            }
            for (int lane = 0; lane < emulation::WARP_THREADS; lane++) {
                const Operands& from = *reinterpret_cast<const Operands*>(warp[lane].in);
                const int g = lane / 4, t = lane % 4;
                for (int i = 0; i < 4; i++) {
                    const int8_t* row = a[g + i / 2 * 8];
                    const int8_t* column = b[2 * t + i % 2];
                    int32_t sum = 0;
                    for (int k = 0; k < 32; k++) {
                        sum += row[k] * column[k];
                    }
                    // Wraps as the hardware does.
                    const uint32_t total = (uint32_t)from.c[i] + (uint32_t)sum;
                    std::memcpy(warp[lane].out + 4 * i, &total, 4);
                }
            }
        });
    std::memcpy(d, result.out, sizeof d);
}
