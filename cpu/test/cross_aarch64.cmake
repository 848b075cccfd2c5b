# Builds the kernels for 64-bit ARM with a cross compiler and runs their tests under qemu's user emulation.
# Run by CTest: cmake -DSOURCE=<cpu folder> -DBUILD=<scratch folder> -P cross_aarch64.cmake

find_program(COMPILER aarch64-linux-gnu-g++)
find_program(EMULATOR NAMES qemu-aarch64 qemu-aarch64-static)
if(NOT COMPILER OR NOT EMULATOR)
    message("skipped: needs aarch64-linux-gnu-g++ and qemu-aarch64 (Debian: g++-aarch64-linux-gnu, qemu-user)")
    return()
endif()

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "failed: ${ARGN}")
    endif()
endfunction()

run(${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -DCMAKE_BUILD_TYPE=Release -DMIXLLM_BUILD_TESTS=ON
    -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_CXX_COMPILER=${COMPILER})
run(${CMAKE_COMMAND} --build ${BUILD} --target mixllm-cpu-test --parallel 2)
foreach(isa IN ITEMS neon-i8mm neon-dotprod portable)
    # Exit code 77, "this machine cannot run it", is a failure here: the emulated processor has every extension.
    run(${EMULATOR} -cpu max -L /usr/aarch64-linux-gnu ${BUILD}/mixllm-cpu-test ${isa})
endforeach()
