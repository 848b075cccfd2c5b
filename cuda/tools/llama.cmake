# The patched llama.cpp for gpu-check, its test of GGML_OP_MUL_MAT_MIXLLM, and what makes and measures synthetic models.

if(NOT TARGET CUDA::cublas)
    message(FATAL_ERROR "This CUDA toolkit (${CUDAToolkit_LIBRARY_DIR}) has no cuBLAS, which llama.cpp's CUDA backend needs. "
                        "Install it, or build the kernels alone: gpu-check --llama-cpp-bundle none")
endif()
if(NOT TARGET CUDA::cuda_driver) # a toolkit without the driver's stub
    set(GGML_CUDA_NO_VMM ON CACHE BOOL "" FORCE)
endif()

# Not for this machine's processor alone, and nothing of the system beyond the C and C++ libraries.
set(GGML_NATIVE OFF CACHE BOOL "" FORCE)
set(GGML_OPENMP OFF CACHE BOOL "" FORCE)
set(GGML_CUDA ON CACHE BOOL "" FORCE)
set(GGML_CUDA_NCCL OFF CACHE BOOL "" FORCE)
# Attention for the key and value type that is measured; the other types' would only take longer to compile.
set(GGML_CUDA_FA_QUANTS "f16-f16" CACHE STRING "" FORCE)
set(BUILD_SHARED_LIBS ON)
foreach(off LLAMA_BUILD_TESTS LLAMA_BUILD_EXAMPLES LLAMA_BUILD_TOOLS LLAMA_BUILD_SERVER LLAMA_BUILD_APP LLAMA_CURL
            LLAMA_HTTPLIB LLAMA_OPENSSL LLAMA_BUILD_BORINGSSL LLAMA_TOOLS_INSTALL)
    set(${off} OFF CACHE BOOL "" FORCE)
endforeach()
set(LLAMA_BUILD_COMMON ON CACHE BOOL "" FORCE)
set(MIXLLM_BUILD_TESTS OFF CACHE BOOL "" FORCE)

add_subdirectory("${MIXLLM_SOURCE_DIR}/cpu" cpu)
add_subdirectory("${MIXLLM_LLAMA_CPP_DIR}" llama.cpp)
add_subdirectory("${MIXLLM_LLAMA_CPP_DIR}/tools/llama-bench" llama-bench)
add_subdirectory("${MIXLLM_LLAMA_CPP_DIR}/tools/quantize" llama-quantize)

# Its kernels of fused attention take most of the time to compile. Without them, all types attend by the same others.
option(MIXLLM_FLASH_ATTENTION "Compile ggml's fused attention" ON)
if(NOT MIXLLM_FLASH_ATTENTION)
    get_target_property(sources ggml-cuda SOURCES)
    list(FILTER sources INCLUDE REGEX "fattn[^/]*\\.cu$")
    set_source_files_properties(${sources} TARGET_DIRECTORY ggml-cuda PROPERTIES COMPILE_DEFINITIONS GGML_CUDA_NO_FA)
endif()

set(OP_TEST "${MIXLLM_SOURCE_DIR}/patches/op_test")
add_executable(mul-mat-mixllm-test "${OP_TEST}/experts.cpp" "${OP_TEST}/mul_mat_mixllm_test.cpp" "${OP_TEST}/weight.cpp")
target_link_libraries(mul-mat-mixllm-test PRIVATE ggml ggml-cpu)
set(patches_tests "${MIXLLM_SOURCE_DIR}/patches/tests")
add_executable(load-mixllm-test
    ${patches_tests}/load_mixllm_test.cpp
    ${patches_tests}/logits.cpp
    ${patches_tests}/random_model.cpp)
target_link_libraries(load-mixllm-test PRIVATE llama ggml)

add_executable(agreement agreement/main.cpp)
target_link_libraries(agreement PRIVATE llama ggml)

set(bench "${MIXLLM_SOURCE_DIR}/bench/native")
include("${bench}/synthetic/sources.cmake")
add_executable(synthesize synthesize/main.cpp ${MIXLLM_SYNTHETIC_SOURCES})
target_include_directories(synthesize PRIVATE "${bench}" "${MIXLLM_SOURCE_DIR}")
target_link_libraries(synthesize PRIVATE llama ggml)
