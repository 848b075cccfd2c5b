// Stands in for cuda/memory/global.cuh in the host emulation.

#pragma once

#include <cuda_runtime.h>

#include "emulation/global_memory.h"

template <class T>
struct Global {
    T* address;

    explicit Global(T* address) : address(address) {}

    T load(size_t i) const {
        emulation::global_memory().on_read(address + i, sizeof(T), emulation::running_block().access());
        return address[i];
    }

    void store(size_t i, T value) const {
        emulation::global_memory().on_write(address + i, sizeof(T), emulation::running_block().access());
        address[i] = value;
    }

    Global operator+(size_t elements) const { return Global(address + elements); }

    template <class U>
    Global<U> as() const {
        return Global<U>(reinterpret_cast<U*>(address));
    }
};
