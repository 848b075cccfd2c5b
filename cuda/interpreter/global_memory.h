#pragma once

#include <map>
#include <memory>
#include <stddef.h>
#include <stdint.h>
#include <vector>

namespace interpreter {

// The device's allocations. A global address is the host's; kernels may touch nothing else.
class GlobalMemory {
public:
    void* allocate(size_t bytes); // aligned to 256 bytes and filled with what is no sensible value
    bool release(void* address);  // false if it is not an allocation

    // The bytes at an address, for a kernel; throws Fault if they are not all of an allocation, or not aligned to
    // `alignment`. early: kernels before this one may still be running, so that it is Fault to write, or to read what
    // one of them writes.
    const uint8_t* read(uint64_t address, size_t bytes, size_t alignment, bool early);
    uint8_t* write(uint64_t address, size_t bytes, size_t alignment, bool early);

    // All kernels so far are over.
    void synchronize();

private:
    struct Allocation {
        size_t bytes = 0;
        std::unique_ptr<uint8_t[]> storage;
        std::vector<uint32_t> written; // for each word, the period in which a kernel wrote it last
    };

    // The period's mark of the first of the words.
    uint32_t* find(uint64_t address, size_t bytes, size_t alignment);

    std::map<uint64_t, Allocation> allocations; // by their first addresses
    uint32_t period = 1;                        // between two synchronizations
    uint64_t latest_begin = 0;
    Allocation* latest = nullptr; // found; most accesses are to the same as the one before
};

GlobalMemory& global_memory();

} // namespace interpreter
