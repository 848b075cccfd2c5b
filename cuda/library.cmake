# The library mixllm-cuda, compiled by nvcc for the architectures of the project around it (CMAKE_CUDA_ARCHITECTURES).
# Not with its flags: the kernels round as their definition says, so -use_fast_math is not for them.
include(${CMAKE_CURRENT_LIST_DIR}/architectures.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/sources.cmake)

set(MIXLLM_CUDA_ARCHITECTURES "${CMAKE_CUDA_ARCHITECTURES}")
if(MIXLLM_CUDA_ARCHITECTURES STREQUAL "native")
    set(MIXLLM_CUDA_ARCHITECTURES "${CMAKE_CUDA_ARCHITECTURES_NATIVE}")
endif()
mixllm_cuda_architectures("${MIXLLM_CUDA_ARCHITECTURES}" MIXLLM_CUDA_ARCHITECTURES MIXLLM_CUDA_HAS_SM_90A)
if(NOT MIXLLM_CUDA_ARCHITECTURES)
    message(FATAL_ERROR "MixLLM's CUDA kernels need a GPU of compute capability 7.5 or later; CMAKE_CUDA_ARCHITECTURES is "
                        "'${CMAKE_CUDA_ARCHITECTURES}'. Build for the CPU instead.")
endif()

find_package(CUDAToolkit REQUIRED)
add_library(mixllm-cuda STATIC ${MIXLLM_CUDA_SOURCES})
target_include_directories(mixllm-cuda PUBLIC ${CMAKE_CURRENT_LIST_DIR})
# Tells whoever fills in mixllm_cuda_device::has_wgmma.
target_compile_definitions(mixllm-cuda PUBLIC MIXLLM_CUDA_HAS_SM_90A=${MIXLLM_CUDA_HAS_SM_90A})
target_link_libraries(mixllm-cuda PUBLIC CUDA::cudart)
set_target_properties(mixllm-cuda PROPERTIES
    CUDA_STANDARD 17
    CUDA_STANDARD_REQUIRED ON
    CUDA_ARCHITECTURES "${MIXLLM_CUDA_ARCHITECTURES}"
    CUDA_VISIBILITY_PRESET hidden # nothing of it is seen beyond the library it is linked into
    POSITION_INDEPENDENT_CODE ON)
