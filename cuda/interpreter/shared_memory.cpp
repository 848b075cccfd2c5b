#include "interpreter/shared_memory.h"

#include "interpreter/fault.h"
#include "interpreter/program.h"

#include <string>

namespace interpreter {

SharedMemory::SharedMemory(size_t bytes, std::mt19937& random) : content(bytes), generic(bytes / 16 + 1) {
    const uint8_t garbage = (uint8_t)random();
    for (size_t i = 0; i < bytes; i++) {
        content[i] = (uint8_t)(garbage + 41 * i);
    }
}

size_t SharedMemory::offset_of(uint32_t address, size_t bytes, size_t alignment) const {
    if (address % alignment != 0) {
        throw Fault("misaligned shared address " + std::to_string(address) + " for " + std::to_string(alignment) +
                    " bytes");
    }
    const size_t offset = (size_t)address - SHARED_BASE;
    if (address < SHARED_BASE || offset + bytes > content.size()) {
        throw Fault("shared address " + std::to_string(address) + ", " + std::to_string(bytes) +
                    " bytes, is outside the block's " + std::to_string(content.size()) + " bytes from " +
                    std::to_string(SHARED_BASE));
    }
    return offset;
}

void SharedMemory::check_proxy(size_t offset, size_t bytes) const {
    for (size_t i = offset / 16; i < (offset + bytes + 15) / 16; i++) {
        if (generic[i]) {
            throw Fault("shared address " + std::to_string(SHARED_BASE + 16 * i) +
                        " was written by the generic proxy, with no fence.proxy.async since");
        }
    }
}

const uint8_t* SharedMemory::read(uint32_t address, size_t bytes, size_t alignment) const {
    return &content[offset_of(address, bytes, alignment)];
}

uint8_t* SharedMemory::write(uint32_t address, size_t bytes, size_t alignment) {
    const size_t offset = offset_of(address, bytes, alignment);
    generic[offset / 16] = true;
    return &content[offset];
}

const uint8_t* SharedMemory::read_async(uint32_t address, size_t bytes) const {
    const size_t offset = offset_of(address, bytes, 16);
    check_proxy(offset, bytes);
    return &content[offset];
}

uint8_t* SharedMemory::write_async(uint32_t address, size_t bytes) {
    const size_t offset = offset_of(address, bytes, 16);
    check_proxy(offset, bytes);
    return &content[offset];
}

} // namespace interpreter
