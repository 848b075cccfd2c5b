# Compiles the kernels with nvcc and runs their tests on what it made of them, PTX interpreted on the host.
#   cmake -DOUT=<folder> -P ptx_check.cmake
include(${CMAKE_CURRENT_LIST_DIR}/../interpreter/find_nvcc.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/../interpreter/run_or_fail.cmake)
if(NOT NVCC)
    return()
endif()

get_filename_component(CUDA_DIR "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)

run_or_fail(${CMAKE_COMMAND} -S "${CUDA_DIR}/interpreter" -B "${OUT}" -DNVCC=${NVCC} -DCMAKE_BUILD_TYPE=Release)
run_or_fail(${CMAKE_COMMAND} --build "${OUT}" --config Release --parallel 2)
foreach(target sm_75 sm_80 sm_90a sm_120)
    run_or_fail(${CMAKE_COMMAND} -E env MIXLLM_PTX_TARGET=${target} "${OUT}/mixllm-cuda-interpreter-test")
    message("${target}:\n${output}")
endforeach()
