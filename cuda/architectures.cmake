# mixllm_cuda_architectures(<architectures> <result> <has_sm_90a>)
# What to compile the kernels for in a project with these CUDA architectures, and whether sm_90a is among it. Empty where
# all are too old.
function(mixllm_cuda_architectures architectures result has_sm_90a)
    # llama.cpp's own list begins at 50.
    list(FILTER architectures EXCLUDE REGEX "^([0-6][0-9]|7[0-4])(-real|-virtual)?$")
    # Hopper's wgmma exists in sm_90a only, and code for sm_90a runs on nothing else, so 90 stays beside it as PTX.
    # CUDA 12 is the first to know it.
    set(has 0)
    if(architectures MATCHES "(^|;)90a?(-real|-virtual)?(;|$)" AND NOT CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12)
        list(FILTER architectures EXCLUDE REGEX "^90a?(-real|-virtual)?$")
        list(APPEND architectures 90a-real 90-virtual)
        set(has 1)
    endif()
    set(${result} "${architectures}" PARENT_SCOPE)
    set(${has_sm_90a} ${has} PARENT_SCOPE)
endfunction()
