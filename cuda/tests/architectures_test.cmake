# Holds mixllm_cuda_architectures to what it is to make of a project's architectures.
#   cmake -P architectures_test.cmake
include(${CMAKE_CURRENT_LIST_DIR}/../architectures.cmake)

function(expect architectures expected expected_has)
    mixllm_cuda_architectures("${architectures}" result has)
    if(NOT result STREQUAL expected OR NOT has EQUAL expected_has)
        message(SEND_ERROR "of ${architectures} it makes ${result}, sm_90a ${has}; it should be ${expected}, ${expected_has}")
    endif()
endfunction()

set(CMAKE_CUDA_COMPILER_VERSION 12.4.131)
expect("75-real;86-real;120a-real" "75-real;86-real;120a-real" 0)
expect("90-real" "90a-real;90-virtual" 1)
expect("90a;80" "80;90a-real;90-virtual" 1)
expect("native" "native" 0)
expect("100-real" "100-real" 0)
# What llama.cpp builds with CUDA 12 where it cannot see a GPU.
expect("50-virtual;61-virtual;70-virtual;75-virtual;80-virtual;86-real;89-real;90-virtual;120a-real;121a-real"
       "75-virtual;80-virtual;86-real;89-real;120a-real;121a-real;90a-real;90-virtual" 1)
# GPUs that are too old, alone.
expect("61-real" "" 0)
expect("70" "" 0)

set(CMAKE_CUDA_COMPILER_VERSION 11.8.89)
expect("86-real;90-virtual" "86-real;90-virtual" 0)
