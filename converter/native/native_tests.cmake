# What the projects of native tests under this folder share: how they are compiled, and the runtime they run on.
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()
include(CheckCXXCompilerFlag)
check_cxx_compiler_flag(-march=native MIXLLM_HAS_MARCH_NATIVE)
if(MIXLLM_HAS_MARCH_NATIVE)
    add_compile_options(-march=native)
endif()
find_package(Threads REQUIRED)
include_directories(${CMAKE_CURRENT_LIST_DIR} ${CMAKE_CURRENT_LIST_DIR}/../..)
enable_testing()

# Links a test with libraries of the runtime in MIXLLM_RUNTIME_DIR, whose headers are in MIXLLM_LLAMA_CPP_DIR.
function(link_runtime target)
    target_include_directories(${target} PRIVATE ${MIXLLM_LLAMA_CPP_DIR}/include ${MIXLLM_LLAMA_CPP_DIR}/src
        ${MIXLLM_LLAMA_CPP_DIR}/ggml/include)
    foreach(library ${ARGN})
        find_library(FOUND_${library} "mixllm-${library}" PATHS "${MIXLLM_RUNTIME_DIR}" NO_DEFAULT_PATH NO_CACHE REQUIRED)
        target_link_libraries(${target} PRIVATE "${FOUND_${library}}")
    endforeach()
endfunction()
