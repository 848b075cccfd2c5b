#pragma once

#include "memory/shared.cuh"

// Four 8x8 matrices of 16-bit elements: lane l gives the address of row l % 8 (16 bytes) of matrix l / 8, and receives
// in r[m] the 32-bit word l % 4 of row l / 4 of matrix m. PTX ISA, "ldmatrix".
__device__ __forceinline__ void ldmatrix_x4(uint32_t (&r)[4], Shared<const uint8_t> row) {
    const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(row.address));
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(address)
                 : "memory");
}
