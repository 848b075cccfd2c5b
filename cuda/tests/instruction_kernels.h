#pragma once

#include <cuda_runtime.h>

#include <stdint.h>

// A kernel or two for each wrapper in ptx/ whose layout or ordering the fast kernels rely on, a single block each. in
// and out are device memory; instruction_test.cpp says what they hold.
using InstructionKernel = cudaError_t (*)(const uint32_t* in, uint32_t* out);

cudaError_t run_dp4a(const uint32_t* in, uint32_t* out);
cudaError_t run_warp_reduce(const uint32_t* in, uint32_t* out);
cudaError_t run_warp_match(const uint32_t* in, uint32_t* out);
cudaError_t run_load_streaming(const uint32_t* in, uint32_t* out);
cudaError_t run_grid_dependency(const uint32_t* in, uint32_t* out);
cudaError_t run_named_barrier(const uint32_t* in, uint32_t* out);
cudaError_t run_ldmatrix(const uint32_t* in, uint32_t* out);
cudaError_t run_mma(const uint32_t* in, uint32_t* out);
cudaError_t run_cp_async(const uint32_t* in, uint32_t* out);
cudaError_t run_bulk_copy(const uint32_t* in, uint32_t* out);
cudaError_t run_wgmma(const uint32_t* in, uint32_t* out);
