# The library mixllm-cuda, compiled by nvcc for the architectures of the project around it (CMAKE_CUDA_ARCHITECTURES).
# Not with its flags: the kernels round as their definition says, so -use_fast_math is not for them.
include(${CMAKE_CURRENT_LIST_DIR}/sources.cmake)

# Hopper's wgmma exists in sm_90a only, and code for sm_90a runs on nothing else, so 90 stays beside it as PTX.
set(MIXLLM_CUDA_ARCHITECTURES "${CMAKE_CUDA_ARCHITECTURES}")
if(MIXLLM_CUDA_ARCHITECTURES STREQUAL "native")
    set(MIXLLM_CUDA_ARCHITECTURES "${CMAKE_CUDA_ARCHITECTURES_NATIVE}")
endif()
set(MIXLLM_CUDA_HAS_SM_90A 0)
if(MIXLLM_CUDA_ARCHITECTURES MATCHES "(^|;)90a?(-real|-virtual)?(;|$)")
    list(FILTER MIXLLM_CUDA_ARCHITECTURES EXCLUDE REGEX "^90a?(-real|-virtual)?$")
    list(APPEND MIXLLM_CUDA_ARCHITECTURES 90a-real 90-virtual)
    set(MIXLLM_CUDA_HAS_SM_90A 1)
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
