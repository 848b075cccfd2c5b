# The CUDA sources of the kernels, relative to this folder; all are compiled with this folder as an include directory.
# Architectures: 75 and later for all (architectures.cmake). dispatch/wgmma.cu gains by 90a, and only then may mixllm_cuda_device::has_wgmma be
# true.
set(MIXLLM_CUDA_SOURCES
    dispatch/choose_path.cu
    dispatch/decode.cu
    dispatch/mul_mat.cu
    dispatch/mul_mat_experts.cu
    dispatch/plan_tiles.cu
    dispatch/portable.cu
    dispatch/quantize.cu
    dispatch/route.cu
    dispatch/tile_128.cu
    dispatch/tile_16.cu
    dispatch/tile_32.cu
    dispatch/tile_64.cu
    dispatch/wgmma.cu)
