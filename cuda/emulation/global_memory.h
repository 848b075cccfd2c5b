#pragma once

#include "shadow.h"

#include <map>
#include <memory>
#include <stddef.h>
#include <vector>

namespace emulation {

// The allocations of the emulated device. Kernels may touch nothing else.
class GlobalMemory {
public:
    void* allocate(size_t bytes); // aligned to 256 bytes; its content counts as never written
    bool release(void* address);  // false if it is not an allocation

    // Throws Fault if the access is misaligned, out of bounds or a race.
    void on_read(const void* address, size_t bytes, const Access& access);
    void on_write(const void* address, size_t bytes, const Access& access);

private:
    struct Allocation {
        const char* begin;
        size_t bytes;
        std::unique_ptr<char[]> storage;
        std::vector<ShadowWord> shadow;
    };

    Allocation& find(const void* address, size_t bytes, const char* what);

    std::map<const char*, Allocation> allocations; // by begin
    Allocation* latest = nullptr;
};

GlobalMemory& global_memory();

} // namespace emulation
