# Sets NVCC to the nvcc whose object files and PTX the interpreter knows. Where there is none, NVCC is empty and a line
# says so.
include(${CMAKE_CURRENT_LIST_DIR}/../tests/find_cuda_tool.cmake)
set(known_nvcc 13)
find_cuda_tool(nvcc)
set(version "")
if(NVCC)
    execute_process(COMMAND "${NVCC}" --version OUTPUT_VARIABLE version)
endif()
if(NOT version MATCHES "release ${known_nvcc}\\.")
    message("SKIPPED: there is no nvcc ${known_nvcc} (${NVCC}), so its PTX was not interpreted")
    set(NVCC "")
endif()
