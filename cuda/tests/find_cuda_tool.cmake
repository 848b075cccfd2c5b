# find_cuda_tool(<tool>): sets the variable of its name in capitals to nvcc, cuobjdump, ... The environment's variable of
# that name says where it is, else it is looked for in PATH and /usr/local/cuda.
macro(find_cuda_tool tool)
    string(TOUPPER ${tool} variable)
    find_program(${variable} ${tool} PATHS /usr/local/cuda/bin)
    if(EXISTS "$ENV{${variable}}")
        set(${variable} "$ENV{${variable}}")
    endif()
endmacro()
