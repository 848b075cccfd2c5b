#pragma once

#include <cuda_runtime.h>

// A pointer into global memory. On a GPU it is just that; in the host emulation every access is checked. Kernels reach
// global memory through this and the wrappers in ptx/ alone.
template <class T>
struct Global {
    T* address;

    __device__ __forceinline__ explicit Global(T* address) : address(address) {}

    __device__ __forceinline__ T load(size_t i) const { return address[i]; }

    __device__ __forceinline__ void store(size_t i, T value) const { address[i] = value; }

    __device__ __forceinline__ Global operator+(size_t elements) const { return Global(address + elements); }

    template <class U>
    __device__ __forceinline__ Global<U> as() const {
        return Global<U>(reinterpret_cast<U*>(address));
    }
};
