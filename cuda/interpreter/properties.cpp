// What ggml's CUDA backend asks of the device and of the host's memory.

#include "interpreter/device.h"

#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

static const size_t memory_bytes = size_t(8) << 30;

// Of the interpreted GPU; with one, no product is split.
static int multiprocessors() {
    const char* wanted = std::getenv("MIXLLM_PTX_MULTIPROCESSORS");
    return wanted == nullptr ? 132 : std::atoi(wanted);
}

static int devices() {
    const char* wanted = std::getenv("MIXLLM_PTX_DEVICES");
    return wanted == nullptr ? 1 : std::atoi(wanted);
}

static int current = 0;

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
    *count = devices();
    return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
    *device = current;
    return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
    if (device < 0 || device >= devices()) {
        return cudaErrorInvalidDevice;
    }
    current = device;
    return cudaSuccess;
}
cudaError_t cudaDeviceGetPCIBusId(char* id, int bytes, int device) {
    std::snprintf(id, (size_t)bytes, "0000:%02x:00.0", device);
    return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
    *value = 0; // it has none of the abilities that are asked for
    return cudaSuccess;
}
cudaError_t cudaDeviceCanAccessPeer(int* can, int, int) {
    *can = 0;
    return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
    *properties = {};
    std::snprintf(properties->name, sizeof properties->name, "interpreted %s", interpreter::device().target);
    properties->major = interpreter::device().capability / 10;
    properties->minor = interpreter::device().capability % 10;
    properties->multiProcessorCount = multiprocessors();
    properties->warpSize = 32;
    properties->maxThreadsPerBlock = 1024;
    properties->totalGlobalMem = memory_bytes;
    properties->sharedMemPerBlock = 48 * 1024;
    properties->sharedMemPerBlockOptin = interpreter::device().most_shared_bytes;
    return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* bytes) {
    *free_bytes = *bytes = memory_bytes;
    return cudaSuccess;
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void*) {
    *attributes = {};
    attributes->ptxVersion = interpreter::device().capability;
    return cudaSuccess;
}

cudaError_t cudaMallocHost(void** pointer, size_t bytes) {
    const size_t page = 4096;
    *pointer = std::aligned_alloc(page, (bytes + page - 1) / page * page);
    return *pointer == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}
cudaError_t cudaFreeHost(void* pointer) {
    std::free(pointer);
    return cudaSuccess;
}
cudaError_t cudaHostRegister(void*, size_t, unsigned) {
    return cudaErrorNotSupported;
}
cudaError_t cudaHostUnregister(void*) {
    return cudaErrorNotSupported;
}

} // extern "C"
