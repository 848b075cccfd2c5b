#pragma once

#include <random>
#include <stddef.h>
#include <stdint.h>
#include <vector>

namespace interpreter {

// A block's shared memory. Addresses are those of the shared address space.
class SharedMemory {
public:
    SharedMemory(size_t bytes, std::mt19937& random); // filled at random

    // The bytes at an address; throw Fault if they are not all there, or not aligned to `alignment`.
    const uint8_t* read(uint32_t address, size_t bytes, size_t alignment) const;
    uint8_t* write(uint32_t address, size_t bytes, size_t alignment); // by the generic proxy

    // The same by the asynchronous proxy, of bulk copies and wgmma; throw Fault too where the generic proxy wrote, as
    // no fence between the proxies is known here.
    const uint8_t* read_async(uint32_t address, size_t bytes) const;
    uint8_t* write_async(uint32_t address, size_t bytes);

private:
    size_t offset_of(uint32_t address, size_t bytes, size_t alignment) const;
    void check_proxy(size_t offset, size_t bytes) const;

    std::vector<uint8_t> content;
    std::vector<bool> generic; // 16 bytes each: written by the generic proxy
};

} // namespace interpreter
