#pragma once

#include <cuda_runtime.h>
#include <stdint.h>

// A pointer into the block's shared memory. On a GPU it is just that; in the host emulation every access is checked for
// bounds and races. Kernels reach shared memory through this and the wrappers in ptx/ alone.
template <class T>
struct Shared {
    T* address;

    __device__ __forceinline__ explicit Shared(T* address) : address(address) {}

    __device__ __forceinline__ T load(int i) const { return address[i]; }

    __device__ __forceinline__ void store(int i, T value) const { address[i] = value; }

    __device__ __forceinline__ Shared operator+(int elements) const { return Shared(address + elements); }

    template <class U>
    __device__ __forceinline__ Shared<U> as() const {
        return Shared<U>(reinterpret_cast<U*>(address));
    }
};

// The dynamic shared memory of the block, aligned to 1024 bytes.
__device__ __forceinline__ Shared<uint8_t> dynamic_shared() {
    extern __shared__ __align__(1024) uint8_t mixllm_dynamic_shared[];
    return Shared<uint8_t>(mixllm_dynamic_shared);
}
