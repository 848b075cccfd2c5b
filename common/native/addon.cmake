# Node addons: how they are compiled, and where they and what they are linked to end up.

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_PLATFORM_NO_VERSIONED_SONAME ON)

# Everything that is used at run time lies in one folder, and on Windows, with it, what other builds link to in its place.
set(kinds RUNTIME LIBRARY)
if(WIN32)
    list(APPEND kinds ARCHIVE)
endif()
foreach(kind IN LISTS kinds)
    set(CMAKE_${kind}_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/Release")
    set(CMAKE_${kind}_OUTPUT_DIRECTORY_RELEASE "${CMAKE_BINARY_DIR}/Release")
endforeach()

# Libraries are found from the folder of what uses them, wherever that folder is moved or linked to.
set(MIXLLM_ORIGIN "$ORIGIN")
if(APPLE)
    set(MIXLLM_ORIGIN "@loader_path")
endif()
set(CMAKE_BUILD_WITH_INSTALL_RPATH TRUE)

if(MINGW)
    include("${CMAKE_CURRENT_LIST_DIR}/mingw/mingw.cmake")
endif()

# mixllm_add_addon(<name> <sources...>): a Node addon <name>.node on Node-API 8. cmake-js says where Node's and
# node-addon-api's headers are.
function(mixllm_add_addon name)
    add_library(${name} SHARED ${ARGN} ${CMAKE_JS_SRC})
    set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".node" CXX_VISIBILITY_PRESET hidden)
    target_include_directories(${name} PRIVATE ${CMAKE_JS_INC})
    target_compile_definitions(${name} PRIVATE NAPI_VERSION=8)
    target_link_libraries(${name} PRIVATE ${CMAKE_JS_LIB})
    if(MINGW)
        mixllm_link_node(${name})
    endif()
endfunction()
