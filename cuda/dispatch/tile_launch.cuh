#pragma once

#include "dispatch/launch.cuh"
#include "dispatch/plan_tiles.h"
#include "dispatch/tile.cuh"
#include "epilogue/combine_kernel.cuh"
#include "product/expert_product.cuh"
#include "tile/tile_kernel.cuh"

template <int TOKENS>
static TilePlan plan_for(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight, int64_t tokens) {
    using Shape = TileShape<TOKENS>;
    return plan_tiles({Shape::ROWS, Shape::TOKENS, Shape::BLOCKS_PER_MULTIPROCESSOR}, device, weight, tokens);
}

template <int TOKENS>
size_t tile_workspace_bytes(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight, int64_t tokens) {
    using Shape = TileShape<TOKENS>;
    return (size_t)plan_for<TOKENS>(device, weight, tokens).slots() * Shape::SUMS * Shape::THREADS * sizeof(float);
}

template <int TOKENS>
cudaError_t mul_mat_tile(const mixllm_cuda_device& device, const mixllm_cuda_weight& weight,
                         const Activations& activations, float* y, int64_t y_stride, void* workspace,
                         cudaStream_t stream) {
    using Shape = TileShape<TOKENS>;
    const TilePlan plan = plan_for<TOKENS>(device, weight, activations.tokens);
    const TileParameters<DenseTiles> p = {
        {dense_product(weight, activations.tokens, y, y_stride), plan, static_cast<float*>(workspace)}, activations};
    const cudaError_t error = launch(device, tile_kernel<Shape, DenseTiles>, (unsigned)plan.blocks, Shape::THREADS,
                                     tile_shared_bytes<Shape>(), stream, p);
    if (error != cudaSuccess || !plan.splits()) {
        return error;
    }
    return launch(device, combine_kernel<Shape>, (unsigned)plan.split_tiles, Shape::THREADS, Shape::SCATTER_BYTES,
                  stream, p.tiles);
}

template <int TOKENS>
cudaError_t mul_mat_experts_tile(const mixllm_cuda_device& device, const mixllm_cuda_experts& experts,
                                 const RoutedSlots& route, const Activations& activations, float* y, int64_t y_stride,
                                 cudaStream_t stream) {
    using Shape = TileShape<TOKENS>;
    const TileParameters<ExpertTiles> p = {expert_tiles(expert_product(experts, route, y, y_stride, Shape::ROWS),
                                                        resident_blocks(device, Shape::BLOCKS_PER_MULTIPROCESSOR)),
                                           activations};
    return launch(device, tile_kernel<Shape, ExpertTiles>, (unsigned)p.tiles.blocks, Shape::THREADS,
                  tile_shared_bytes<Shape>(), stream, p);
}

#define MIXLLM_INSTANTIATE_TILE(TOKENS)                                                                                \
    template size_t tile_workspace_bytes<TOKENS>(const mixllm_cuda_device&, const mixllm_cuda_weight&, int64_t);       \
    template cudaError_t mul_mat_tile<TOKENS>(const mixllm_cuda_device&, const mixllm_cuda_weight&,                    \
                                              const Activations&, float*, int64_t, void*, cudaStream_t);               \
    template cudaError_t mul_mat_experts_tile<TOKENS>(const mixllm_cuda_device&, const mixllm_cuda_experts&,           \
                                                      const RoutedSlots&, const Activations&, float*, int64_t,         \
                                                      cudaStream_t);
