// Stands in for CUDA's header of this name when the kernels are compiled for the host emulation: what kernels,
// launchers and tests use of CUDA C++ and its runtime, on one emulated device whose launches complete before they
// return.

#pragma once

#include "cuda_runtime_api.h"

#include "emulation/block.h"
#include "emulation/launch.h"

#include <algorithm>
#include <cstring>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __grid_constant__

using dim3 = emulation::Dim3;
using std::max;
using std::min;

struct alignas(8) uint2 {
    uint32_t x, y;
};
struct alignas(16) uint4 {
    uint32_t x, y, z, w;
};
struct alignas(8) float2 {
    float x, y;
};
struct alignas(16) float4 {
    float x, y, z, w;
};

// Read like CUDA's built-in variables; blocks are one-dimensional.
inline const struct {
    struct {
        operator unsigned() const { return emulation::running_block().thread_index(); }
    } x;
} threadIdx;
inline const struct {
    struct {
        operator unsigned() const { return emulation::running_block().block_index().x; }
    } x;
} blockIdx;

inline void __syncthreads() {
    emulation::running_block().barrier();
}

// The number of the lowest bit set, from 1 on; 0 where there is none.
inline int __ffs(uint32_t bits) {
    return __builtin_ffs((int)bits);
}
inline int __popc(uint32_t bits) {
    return __builtin_popcount(bits);
}

inline float __int_as_float(int32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}
inline float __uint_as_float(uint32_t bits) {
    return __int_as_float((int32_t)bits);
}
inline int32_t __float_as_int(float value) {
    int32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}
inline uint32_t __float_as_uint(float value) {
    return (uint32_t)__float_as_int(value);
}

// The value of lane `from`.
template <class T>
T __shfl_sync(uint32_t lanes, T value, int from) {
    static_assert(sizeof(T) == 4, "one register is exchanged");
    if (lanes != 0xFFFFFFFF) {
        throw emulation::Fault("shuffles among some of a warp's lanes, which is not emulated");
    }
    struct Exchange {
        T value;
        int from;
    } const mine = {value, from % emulation::WARP_THREADS};
    const emulation::LaneExchange& result =
        emulation::running_block().collective("__shfl_sync", &mine, sizeof mine, [](emulation::LaneExchange* warp) {
            for (int lane = 0; lane < emulation::WARP_THREADS; lane++) {
                const int from = reinterpret_cast<const Exchange*>(warp[lane].in)->from;
                std::memcpy(warp[lane].out, warp[from].in, sizeof(T));
            }
        });
    T theirs;
    std::memcpy(&theirs, result.out, sizeof theirs);
    return theirs;
}

// The value of lane `lane ^ mask`.
template <class T>
T __shfl_xor_sync(uint32_t lanes, T value, int mask) {
    return __shfl_sync(lanes, value, (int)(threadIdx.x % emulation::WARP_THREADS) ^ mask);
}

enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2 };
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };

cudaError_t cudaMalloc(void** pointer, size_t bytes);
cudaError_t cudaFree(void* pointer);
cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaGetLastError();
const char* cudaGetErrorString(cudaError_t error);

template <class Kernel>
cudaError_t cudaFuncSetAttribute(Kernel, cudaFuncAttribute, int) {
    return cudaSuccess;
}

enum cudaLaunchAttributeID { cudaLaunchAttributeProgrammaticStreamSerialization = 6 };

struct cudaLaunchAttribute {
    cudaLaunchAttributeID id;
    struct {
        int programmaticStreamSerializationAllowed;
    } val;
};

struct cudaLaunchConfig_t {
    dim3 gridDim, blockDim;
    size_t dynamicSmemBytes;
    cudaStream_t stream;
    cudaLaunchAttribute* attrs;
    unsigned numAttrs;
};

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               const Arguments&... arguments) {
    const bool early = config->numAttrs == 1 && config->attrs->val.programmaticStreamSerializationAllowed == 1;
    return emulation::launch(
        config->gridDim, config->blockDim.x, config->dynamicSmemBytes, [&] { kernel(Parameters(arguments)...); },
        early);
}
