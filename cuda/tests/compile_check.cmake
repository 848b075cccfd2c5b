# Compiles the kernels with nvcc for one architecture and fails on spilled registers, local memory, or machine code
# without the instructions the kernels are built on.
#   cmake -DARCHITECTURE=80 -DOUT=<folder> -P compile_check.cmake
# NVCC and CUOBJDUMP in the environment say where those are, else they are looked for in PATH and /usr/local/cuda.

foreach(tool nvcc cuobjdump)
    string(TOUPPER ${tool} variable)
    find_program(${variable} ${tool} HINTS "$ENV{${variable}}" PATHS /usr/local/cuda/bin)
    if(EXISTS "$ENV{${variable}}")
        set(${variable} "$ENV{${variable}}")
    endif()
endforeach()
if(NOT NVCC)
    message("SKIPPED: there is no nvcc, so the kernels were not compiled for sm_${ARCHITECTURE}")
    return()
endif()

get_filename_component(CUDA_DIR "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)
file(MAKE_DIRECTORY "${OUT}")

# What the machine code of a source must hold, on the architectures that have it.
set(NEEDS_quantize "SHFL|REDUX")
set(NEEDS_portable "IDP\\.4A")
set(NEEDS_decode "IDP\\.4A")
if(NOT ARCHITECTURE STREQUAL "75")
    list(APPEND NEEDS_decode "IMMA\\.16832\\.S8\\.S8" "LDG\\.E\\.(EF\\.)?(NA\\.)?[A-Z0-9.]*128")
    foreach(tokens 16 32 64 128)
        set(NEEDS_tile_${tokens} "IMMA\\.16832\\.S8\\.S8" "LDGSTS\\.E\\.[A-Z0-9.]*128" "LDSM\\.16\\.[A-Z0-9]+\\.4")
    endforeach()
endif()
if(ARCHITECTURE STREQUAL "90a")
    set(NEEDS_wgmma "IGMMA\\.64x128x32\\.S8\\.S8" "UBLKCP" "SYNCS" "USETMAXREG")
endif()

set(problems "")
set(sass_checked 0)
foreach(source quantize portable decode tile_16 tile_32 tile_64 tile_128 wgmma)
    set(cubin "${OUT}/${source}.sm_${ARCHITECTURE}.cubin")
    # -use_fast_math as in ggml's build, which must not change the results.
    execute_process(
        COMMAND "${NVCC}" -std=c++17 -O3 -use_fast_math "-I${CUDA_DIR}" -Xptxas -v
                "-gencode=arch=compute_${ARCHITECTURE},code=sm_${ARCHITECTURE}" -cubin -o "${cubin}"
                "${CUDA_DIR}/dispatch/${source}.cu"
        OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "nvcc failed on ${source}.cu for sm_${ARCHITECTURE}:\n${output}")
    endif()
    string(REGEX MATCHALL "[0-9]+ bytes stack frame, [0-9]+ bytes spill stores, [0-9]+ bytes spill loads" frames "${output}")
    string(REGEX MATCHALL "Used [0-9]+ registers" registers "${output}")
    if(NOT frames OR NOT registers)
        message(FATAL_ERROR "ptxas said nothing of ${source}.cu for sm_${ARCHITECTURE}:\n${output}")
    endif()
    foreach(frame IN LISTS frames)
        if(NOT frame STREQUAL "0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads")
            list(APPEND problems "${source}.cu: ${frame}")
        endif()
    endforeach()
    message("sm_${ARCHITECTURE} ${source}.cu: ${registers}")

    if(CUOBJDUMP)
        execute_process(COMMAND "${CUOBJDUMP}" -sass "${cubin}" OUTPUT_VARIABLE sass RESULT_VARIABLE status)
        if(NOT status EQUAL 0 OR NOT sass MATCHES "EXIT")
            message(FATAL_ERROR "cuobjdump failed on ${cubin}")
        endif()
        math(EXPR sass_checked "${sass_checked} + 1")
        foreach(instruction IN LISTS NEEDS_${source})
            if(NOT sass MATCHES "${instruction}")
                list(APPEND problems "${source}.cu: its machine code has no ${instruction}")
            endif()
        endforeach()
        # LDL, STL: local memory. LD, ST: the compiler lost track of which memory a pointer is to.
        foreach(instruction LDL STL LD ST)
            if(sass MATCHES "[ \t]${instruction}(\\.[A-Z0-9.]+)? ")
                list(APPEND problems "${source}.cu: its machine code has ${instruction}")
            endif()
        endforeach()
    endif()
endforeach()

if(problems)
    string(REPLACE ";" "\n  " problems "${problems}")
    message(FATAL_ERROR "sm_${ARCHITECTURE}:\n  ${problems}")
endif()
if(sass_checked EQUAL 0)
    message("There is no cuobjdump, so the machine code for sm_${ARCHITECTURE} was not looked into")
endif()
message("sm_${ARCHITECTURE}: compiled, no spills; machine code of ${sass_checked} files looked into")
