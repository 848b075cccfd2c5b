// Stands in for cuda/ptx/wgmma.cuh in the host emulation: products land when they are waited for, no earlier.

#pragma once

#include "memory/shared.cuh"
#include "ptx/mma.cuh"

inline uint64_t wgmma_operand(Shared<const uint8_t> tile) {
    const uint64_t address = (uint64_t)(tile.address - emulation::running_block().shared());
    return address >> 4 | uint64_t(1) << 16 | uint64_t(1024 >> 4) << 32 | uint64_t(1) << 62;
}

template <int STEPS>
void wgmma_fence(int32_t (&sums)[64], uint32_t (&a)[STEPS][4]) {
    emulation::running_block().fence_registers({{sums, sizeof sums}, {a, sizeof a}});
}

inline void wgmma_m64n128k32(int32_t (&sums)[64], const uint32_t (&a)[4], uint64_t b) {
    emulation::running_block().start_product({sums, 128, a, b});
}

inline void wgmma_commit() {
    emulation::running_block().commit_products();
}

template <int PENDING>
void wgmma_wait(int32_t (&)[64]) {
    // The rows of D that a thread has depend on the A of its own warp alone, in the layout of mma.m16n8k32.
    emulation::running_block().wait_products(PENDING, [](const emulation::PendingProduct& product) {
        if (product.b >> 62 != 1) {
            throw emulation::Fault("multiplies by an operand that does not have "
                                   "the 128-byte swizzle, the only one emulated");
        }
        const int lane = (int)threadIdx.x % 32;
        const uint64_t start = (product.b & 0x3FFF) << 4;
        const uint64_t stride = (product.b >> 32 & 0x3FFF) << 4; // from 8 columns to the next 8
        const uint8_t* shared = emulation::running_block().shared();
        for (int n = 0; n < product.columns; n += 8) {
            uint32_t b[2];
            for (int i = 0; i < 2; i++) {
                const uint64_t plain =
                    start + (uint64_t)(n / 8) * stride + (uint64_t)(lane / 4 * 128 + 16 * i + lane % 4 * 4);
                const uint64_t swizzled = plain ^ (plain >> 7 & 7) << 4;
                emulation::running_block().on_shared_read(shared + swizzled, 4);
                std::memcpy(&b[i], shared + swizzled, 4);
            }
            int32_t c[4];
            std::memcpy(c, product.sums + n / 2, sizeof c);
            mma_m16n8k32(c, product.a, b, c);
            std::memcpy(product.sums + n / 2, c, sizeof c);
        }
    });
}
