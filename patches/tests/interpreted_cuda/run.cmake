# Builds the library interpreted-cuda with nvcc, and runs the op's test and the model's on its devices.
#   cmake -DOUT=<folder> -DMIXLLM_LLAMA_CPP_DIR=<...> -DMIXLLM_RUNTIME_DIR=<...> -DOP_TEST=<program> -DMODEL_TEST=<program> -P run.cmake
include(${CMAKE_CURRENT_LIST_DIR}/../../../cuda/interpreter/find_nvcc.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/../../../cuda/interpreter/run_or_fail.cmake)
if(NOT NVCC)
    return()
endif()

run_or_fail(${CMAKE_COMMAND} -S "${CMAKE_CURRENT_LIST_DIR}" -B "${OUT}" -DNVCC=${NVCC} -DCMAKE_BUILD_TYPE=Release
    -DMIXLLM_LLAMA_CPP_DIR=${MIXLLM_LLAMA_CPP_DIR} -DMIXLLM_RUNTIME_DIR=${MIXLLM_RUNTIME_DIR})
run_or_fail(${CMAKE_COMMAND} --build "${OUT}" --parallel 2)
set(library "${OUT}/libinterpreted-cuda.so")
set(ENV{MIXLLM_PTX_TARGET} sm_90a)
run_or_fail(${CMAKE_COMMAND} -E env LD_PRELOAD=${library} "${OP_TEST}" --gpu)
message("${output}")
# With one multiprocessor no product is split, so that the logits are the CPU's to the last bit.
foreach(devices 1 2)
    run_or_fail(${CMAKE_COMMAND} -E env MIXLLM_PTX_MULTIPROCESSORS=1 MIXLLM_PTX_DEVICES=${devices} "${MODEL_TEST}" "${library}")
    message("${output}")
endforeach()
