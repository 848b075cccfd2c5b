// The emulated CUDA runtime.

#include "include/cuda_runtime.h"

#include "global_memory.h"

namespace emulation {

static std::string fault;
static cudaError_t error = cudaSuccess;
static uint64_t launches = 0;

std::string last_fault() {
    return std::move(fault);
}

cudaError_t launch(Dim3 grid, unsigned threads, size_t shared_bytes, const std::function<void()>& kernel, bool early) {
    launches++;
    try {
        if (threads == 0 || threads > 1024 || threads % WARP_THREADS != 0 || grid.x == 0 || grid.y == 0 ||
            grid.z == 0 || grid.y > 65535 || grid.z > 65535 || shared_bytes > 232448) {
            throw Fault("launches a grid, block or shared memory no GPU takes");
        }
        unsigned number = 0;
        for (unsigned z = 0; z < grid.z; z++) {
            for (unsigned y = 0; y < grid.y; y++) {
                for (unsigned x = 0; x < grid.x; x++) {
                    running_block().run(launches, number++, {x, y, z}, grid, threads, shared_bytes, kernel, early);
                }
            }
        }
    } catch (const Fault& caught) {
        fault = caught.what();
        error = cudaErrorLaunchFailure;
    }
    return cudaSuccess;
}

} // namespace emulation

// What the host writes counts as an access of a launch of its own.
static emulation::Access host_access() {
    return {++emulation::launches, 0, 0, 0, 0, nullptr, true, false};
}

template <class Check>
static cudaError_t checked(const void* address, size_t bytes, const Check& check) {
    try {
        const char* at = static_cast<const char*>(address);
        const size_t step = bytes % 4 == 0 && reinterpret_cast<uintptr_t>(address) % 4 == 0 ? 4 : 1;
        for (size_t i = 0; i < bytes; i += step) {
            check(at + i, step);
        }
        return cudaSuccess;
    } catch (const emulation::Fault& caught) {
        emulation::fault = std::string("the host ") + caught.what();
        return cudaErrorInvalidValue;
    }
}

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
    *pointer = emulation::global_memory().allocate(bytes);
    return cudaSuccess;
}

cudaError_t cudaFree(void* pointer) {
    return pointer == nullptr || emulation::global_memory().release(pointer) ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
    const emulation::Access access = host_access();
    emulation::GlobalMemory& memory = emulation::global_memory();
    const cudaError_t result =
        kind == cudaMemcpyHostToDevice
            ? checked(to, bytes, [&](const char* at, size_t step) { memory.on_write(at, step, access); })
            : checked(from, bytes, [&](const char* at, size_t step) { memory.on_read(at, step, access); });
    if (result == cudaSuccess) {
        std::memcpy(to, from, bytes);
    }
    return result;
}

cudaError_t cudaDeviceSynchronize() {
    return emulation::error;
}

cudaError_t cudaGetLastError() {
    const cudaError_t last = emulation::error;
    emulation::error = cudaSuccess;
    return last;
}

const char* cudaGetErrorString(cudaError_t error) {
    return error == cudaSuccess              ? "no error"
           : error == cudaErrorInvalidValue  ? "invalid argument"
           : error == cudaErrorLaunchFailure ? "the emulator stopped the kernel"
                                             : "unknown error";
}
