# Target rpc-device: RpcDevice with ggml's RPC backend, which the runtime is built without.
set(rpc "${MIXLLM_LLAMA_CPP_DIR}/ggml/src/ggml-rpc")
add_library(rpc-device STATIC "${CMAKE_CURRENT_LIST_DIR}/rpc_device.cpp" "${rpc}/ggml-rpc.cpp" "${rpc}/transport.cpp")
set_target_properties(rpc-device PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_include_directories(rpc-device PUBLIC
    "${CMAKE_CURRENT_LIST_DIR}" "${MIXLLM_LLAMA_CPP_DIR}/ggml/include" "${MIXLLM_LLAMA_CPP_DIR}/ggml/src")
foreach(library ggml ggml-base)
    find_library(FOUND_${library} "mixllm-${library}" PATHS "${MIXLLM_RUNTIME_DIR}" NO_DEFAULT_PATH NO_CACHE REQUIRED)
    target_link_libraries(rpc-device PUBLIC "${FOUND_${library}}")
endforeach()
target_link_libraries(rpc-device PUBLIC Threads::Threads)
