# nvcc_object(<cu or c++> <source> <flags...>): has nvcc compile a source as of that language and adds the object to `objects`.
# Host code needs nvcc as well, which knows where CUDA's headers are.
function(nvcc_object language source)
    string(MD5 name ${source})
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.o)
    add_custom_command(OUTPUT ${object}
        COMMAND ${NVCC} -x ${language} -std=c++17 ${ARGN} -MD -MF ${object}.d -MT ${object} -c ${source} -o ${object}
        DEPENDS ${source}
        DEPFILE ${object}.d
        VERBATIM)
    set(objects ${objects} ${object} PARENT_SCOPE)
endfunction()
