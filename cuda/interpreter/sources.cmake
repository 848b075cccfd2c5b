# The interpreter of PTX, relative to this folder.
set(MIXLLM_INTERPRETER_SOURCES
    arithmetic.cpp
    barrier.cpp
    block.cpp
    bulk_copies.cpp
    check_wgmma_fences.cpp
    conversion.cpp
    cp_async.cpp
    global_memory.cpp
    grid_dependency.cpp
    launch.cpp
    load_store.cpp
    mbarrier.cpp
    mma.cpp
    named_barriers.cpp
    opcode.cpp
    parse_program.cpp
    pending_copies.cpp
    pending_products.cpp
    shared_memory.cpp
    token.cpp
    warp.cpp
    warp_instructions.cpp
    wgmma.cpp)

# What stands in for the CUDA runtime, with device.cpp and fat_binary.cpp.
set(MIXLLM_INTERPRETER_RUNTIME_SOURCES
    properties.cpp
    runtime.cpp
    streams.cpp)
