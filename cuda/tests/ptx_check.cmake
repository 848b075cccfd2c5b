# Compiles the kernels with nvcc and runs their tests on what it made of them, PTX interpreted on the host.
#   cmake -DOUT=<folder> -P ptx_check.cmake
include(${CMAKE_CURRENT_LIST_DIR}/../interpreter/find_nvcc.cmake)
if(NOT NVCC)
    return()
endif()

get_filename_component(CUDA_DIR "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT status EQUAL 0)
        string(REPLACE ";" " " command "${ARGN}")
        message(FATAL_ERROR "${command}\n${output}")
    endif()
    set(output "${output}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} -S "${CUDA_DIR}/interpreter" -B "${OUT}" -DNVCC=${NVCC} -DCMAKE_BUILD_TYPE=Release)
run(${CMAKE_COMMAND} --build "${OUT}" --config Release --parallel 2)
foreach(target sm_75 sm_80 sm_90a sm_120)
    run(${CMAKE_COMMAND} -E env MIXLLM_PTX_TARGET=${target} "${OUT}/mixllm-cuda-interpreter-test")
    message("${target}:\n${output}")
endforeach()
