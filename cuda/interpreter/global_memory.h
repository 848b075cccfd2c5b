#pragma once

#include <map>
#include <memory>
#include <stddef.h>
#include <stdint.h>

namespace interpreter {

// The device's allocations. A global address is the host's; kernels may touch nothing else.
class GlobalMemory {
public:
    void* allocate(size_t bytes); // aligned to 256 bytes and filled with what is no sensible value
    bool release(void* address);  // false if it is not an allocation

    // The bytes at an address, for a kernel; throws Fault if they are not all of an allocation, or not aligned to
    // `alignment`. early: kernels before this one may still be running, so that it is Fault to write, or to read from
    // an allocation that one of them writes to.
    const uint8_t* read(uint64_t address, size_t bytes, size_t alignment, bool early);
    uint8_t* write(uint64_t address, size_t bytes, size_t alignment, bool early);

    // All kernels so far are over.
    void synchronize();

private:
    struct Allocation {
        size_t bytes = 0;
        std::unique_ptr<uint8_t[]> storage;
        bool written = false; // by a kernel, since the last synchronization
    };

    Allocation& find(uint64_t address, size_t bytes, size_t alignment);

    std::map<uint64_t, Allocation> allocations; // by their first addresses
    uint64_t latest_begin = 0;
    Allocation* latest = nullptr; // found; most accesses are to the same as the one before
};

GlobalMemory& global_memory();

} // namespace interpreter
