// What nvcc's host code and the launchers call of the CUDA runtime, on the interpreted device. Launches complete before
// they return. streams.cpp and properties.cpp have what ggml's CUDA backend calls besides.

#include "interpreter/runtime.h"

#include "interpreter/device.h"
#include "interpreter/global_memory.h"

#include <cuda_runtime.h>

#include <cstdio>
#include <cstring>

static std::string fault;
static cudaError_t error = cudaSuccess;
static size_t executed = 0;

namespace interpreter {

std::string take_fault() {
    return std::move(fault);
}

size_t executed_kernels() {
    return executed;
}

void execute(const std::function<std::string()>& kernel, bool early) {
    if (!early) {
        global_memory().synchronize();
    }
    executed++;
    fault = kernel();
    if (!fault.empty()) {
        std::fprintf(stderr, "%s\n", fault.c_str());
        error = cudaErrorLaunchFailure;
    }
}

} // namespace interpreter

extern "C" {

void** __cudaRegisterFatBinary(void* fat_binary) {
    return new void*(fat_binary); // lives as long as the program
}

void __cudaRegisterFatBinaryEnd(void**) {}

void __cudaUnregisterFatBinary(void** handle) {
    delete handle;
}

void __cudaRegisterFunction(void** handle, const char* function, char*, const char* name, int, uint3*, uint3*, dim3*,
                            dim3*, int*) {
    interpreter::add_kernel(function, *handle, name);
}

// Of __device__ variables, which no interpreted kernel has.
void __cudaRegisterVar(void**, char*, char*, const char*, int, size_t, int, int) {}
char __cudaInitModule(void**) {
    return 1;
}

// Of kernel<<<...>>>, which nothing here is launched by.
unsigned __cudaPushCallConfiguration(dim3, dim3, size_t, void*) {
    return 1;
}
cudaError_t __cudaPopCallConfiguration(dim3*, dim3*, size_t*, void*) {
    return cudaErrorNotSupported;
}
cudaError_t __cudaGetKernel(cudaKernel_t*, const void*) {
    return cudaErrorNotSupported;
}
cudaError_t __cudaLaunchKernel(cudaKernel_t, dim3, dim3, void**, size_t, cudaStream_t) {
    return cudaErrorNotSupported;
}
cudaError_t cudaLaunchKernel(const void*, dim3, dim3, void**, size_t, cudaStream_t) {
    return cudaErrorNotSupported;
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* function, void** arguments) {
    if (config->gridDim.y != 1 || config->gridDim.z != 1 || config->blockDim.y != 1 || config->blockDim.z != 1) {
        return cudaErrorNotSupported;
    }
    bool early = false;
    for (unsigned i = 0; i < config->numAttrs; i++) {
        const cudaLaunchAttribute& attribute = config->attrs[i];
        if (attribute.id != cudaLaunchAttributeProgrammaticStreamSerialization ||
            interpreter::device().capability < 90) {
            return cudaErrorNotSupported;
        }
        early = attribute.val.programmaticStreamSerializationAllowed != 0;
    }
    const auto kernel = interpreter::prepare(function, config->gridDim.x, config->blockDim.x, config->dynamicSmemBytes,
                                             early, arguments);
    if (!interpreter::capture(kernel, early)) {
        interpreter::execute(kernel, early);
    }
    return cudaSuccess;
}

cudaError_t cudaFuncSetAttribute(const void* function, cudaFuncAttribute attribute, int value) {
    return attribute == cudaFuncAttributeMaxDynamicSharedMemorySize &&
                   interpreter::allow_shared_bytes(function, (size_t)value)
               ? cudaSuccess
               : cudaErrorInvalidValue;
}

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
    *pointer = interpreter::global_memory().allocate(bytes);
    return cudaSuccess;
}

cudaError_t cudaFree(void* pointer) {
    return pointer == nullptr || interpreter::global_memory().release(pointer) ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind) {
    interpreter::global_memory().synchronize();
    std::memcpy(to, from, bytes);
    return cudaSuccess;
}

cudaError_t cudaMemset(void* to, int value, size_t bytes) {
    interpreter::global_memory().synchronize();
    std::memset(to, value, bytes);
    return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
    interpreter::global_memory().synchronize();
    return error;
}

cudaError_t cudaGetLastError() {
    const cudaError_t last = error;
    error = cudaSuccess;
    return last;
}

const char* cudaGetErrorString(cudaError_t code) {
    return code == cudaErrorLaunchFailure ? "the interpreter stopped the kernel" : "a call the runtime refuses";
}

} // extern "C"
