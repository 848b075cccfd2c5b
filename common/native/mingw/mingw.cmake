# What GCC for Windows (MinGW-w64), with which a runtime for Windows is compiled on Linux, needs besides.
include(CheckCSourceCompiles)

# Libraries of GCC's own in each library: by name they would be those that another addon in the process has brought.
add_link_options(-static -s -Wl,--exclude-libs,ALL)

# On Windows GCC aligns the stack to 16 bytes, and yet moves vectors of 32 and 64 to it as if it were aligned to those
# (https://gcc.gnu.org/bugzilla/show_bug.cgi?id=54412).
add_compile_options(-Wa,-muse-unaligned-vector-move)

check_c_source_compiles("#include <windows.h>
int main(void) { THREAD_POWER_THROTTLING_STATE state; return sizeof(state) == 0; }" MIXLLM_HAS_POWER_THROTTLING)
if(NOT MIXLLM_HAS_POWER_THROTTLING)
    add_compile_options(-include "${CMAKE_CURRENT_LIST_DIR}/thread_power_throttling.h")
endif()

# mixllm_link_node(<addon>): Node-API is in the executable that loads the addon, whatever that is called: the import libraries
# have it looked for at the first call, and where delay_load_node.cpp says.
set(MIXLLM_MINGW_DIR "${CMAKE_CURRENT_LIST_DIR}")
find_path(MIXLLM_NODE_API_HEADERS node_api.h PATHS ${CMAKE_JS_INC} NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH REQUIRED)
foreach(part IN ITEMS js_native_api node_api)
    add_custom_command(
        OUTPUT "${CMAKE_BINARY_DIR}/${part}.a"
        COMMAND ${CMAKE_DLLTOOL} --input-def "${MIXLLM_NODE_API_HEADERS}/../def/${part}.def"
            --output-delaylib "${CMAKE_BINARY_DIR}/${part}.a"
        VERBATIM)
endforeach()
add_custom_target(mixllm-node-api
    DEPENDS "${CMAKE_BINARY_DIR}/js_native_api.a" "${CMAKE_BINARY_DIR}/node_api.a")

function(mixllm_link_node name)
    target_sources(${name} PRIVATE "${MIXLLM_MINGW_DIR}/delay_load_node.cpp")
    target_link_libraries(${name} PRIVATE
        "${CMAKE_BINARY_DIR}/js_native_api.a" "${CMAKE_BINARY_DIR}/node_api.a" delayimp)
    add_dependencies(${name} mixllm-node-api)
endfunction()
