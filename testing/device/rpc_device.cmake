# Target rpc-device: RpcDevice on the runtime's RPC backend.
add_library(rpc-device STATIC "${CMAKE_CURRENT_LIST_DIR}/rpc_device.cpp")
set_target_properties(rpc-device PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_include_directories(rpc-device PUBLIC
    "${CMAKE_CURRENT_LIST_DIR}" "${MIXLLM_LLAMA_CPP_DIR}/ggml/include" "${MIXLLM_LLAMA_CPP_DIR}/ggml/src")
foreach(library ggml ggml-base ggml-rpc)
    find_library(FOUND_${library} "mixllm-${library}" PATHS "${MIXLLM_RUNTIME_DIR}" NO_DEFAULT_PATH NO_CACHE REQUIRED)
    target_link_libraries(rpc-device PUBLIC "${FOUND_${library}}")
endforeach()
target_link_libraries(rpc-device PUBLIC Threads::Threads)
