// Stands in for cuda/memory/shared.cuh in the host emulation.

#pragma once

#include <cuda_runtime.h>

template <class T>
struct Shared {
    T* address;

    explicit Shared(T* address) : address(address) {}

    T load(int i) const {
        emulation::running_block().on_shared_read(address + i, sizeof(T));
        return address[i];
    }

    void store(int i, T value) const {
        emulation::running_block().on_shared_write(address + i, sizeof(T));
        address[i] = value;
    }

    Shared operator+(int elements) const { return Shared(address + elements); }

    template <class U>
    Shared<U> as() const {
        return Shared<U>(reinterpret_cast<U*>(address));
    }
};

inline Shared<uint8_t> dynamic_shared() {
    return Shared<uint8_t>(emulation::running_block().shared());
}
