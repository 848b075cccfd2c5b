#include "dispatch/wgmma.cuh"

#include "dispatch/launch.cuh"
#include "dispatch/plan_tiles.h"
#include "epilogue/combine_kernel.cuh"
#include "product/expert_product.cuh"
#include "wgmma/wgmma_kernel.cuh"

static TilePlan plan_for(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight, int64_t tokens) {
    return plan_tiles({WgmmaShape::ROWS, WgmmaShape::TOKENS, WgmmaShape::BLOCKS_PER_MULTIPROCESSOR}, device, weight,
                      tokens);
}

size_t wgmma_workspace_bytes(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight, int64_t tokens) {
    return (size_t)plan_for(device, weight, tokens).slots() * WgmmaShape::SUMS * WgmmaShape::THREADS * sizeof(float);
}

cudaError_t mul_mat_wgmma(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight,
                          const WgmmaActivations& activations, float* y, int64_t y_stride, void* workspace,
                          cudaStream_t stream) {
    const TilePlan plan = plan_for(device, weight, activations.tokens);
    const WgmmaParameters<DenseTiles> p = {
        {dense_product(weight, activations.tokens, y, y_stride), plan, static_cast<float*>(workspace)}, activations};
    const cudaError_t error = launch(device, wgmma_kernel<DenseTiles>, (unsigned)plan.blocks, WGMMA_BLOCK_THREADS,
                                     WgmmaShape::SHARED_BYTES, stream, p);
    if (error != cudaSuccess || !plan.splits()) {
        return error;
    }
    return launch(device, combine_kernel<WgmmaShape>, (unsigned)plan.split_tiles, WgmmaShape::THREADS,
                  WgmmaShape::SCATTER_BYTES, stream, p.tiles);
}

cudaError_t mul_mat_experts_wgmma(const mixllm_cuda_device& device, const mixllm_cuda_experts& experts,
                                  const RoutedSlots& route, const WgmmaActivations& activations, float* y,
                                  int64_t y_stride, cudaStream_t stream) {
    const WgmmaParameters<ExpertTiles> p = {
        expert_tiles(expert_product(experts, route, y, y_stride, WgmmaShape::ROWS),
                     resident_blocks(device, WgmmaShape::BLOCKS_PER_MULTIPROCESSOR)),
        activations};
    return launch(device, wgmma_kernel<ExpertTiles>, (unsigned)p.tiles.blocks, WGMMA_BLOCK_THREADS,
                  WgmmaShape::SHARED_BYTES, stream, p);
}
