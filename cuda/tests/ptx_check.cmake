# Compiles the kernels with nvcc and runs their tests on what it made of them, PTX interpreted on the host.
#   cmake -DOUT=<folder> -P ptx_check.cmake
# NVCC in the environment says where that is, else it is looked for in PATH and /usr/local/cuda.

find_program(NVCC nvcc HINTS "$ENV{NVCC}" PATHS /usr/local/cuda/bin)
if(EXISTS "$ENV{NVCC}")
    set(NVCC "$ENV{NVCC}")
endif()
if(NOT NVCC)
    message("SKIPPED: there is no nvcc, so its PTX was not interpreted")
    return()
endif()
# The interpreter knows the object files and the instructions of this one.
set(known_nvcc 13)
execute_process(COMMAND "${NVCC}" --version OUTPUT_VARIABLE version)
if(NOT version MATCHES "release ${known_nvcc}\\.")
    message("SKIPPED: ${NVCC} is not nvcc ${known_nvcc}, so its PTX was not interpreted")
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
