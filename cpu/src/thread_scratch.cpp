#include "thread_scratch.h"

#include <cstdint>
#include <memory>

void* thread_scratch(size_t bytes) {
    static thread_local std::unique_ptr<char[]> memory;
    static thread_local size_t size = 0;
    const size_t alignment = 64;
    if (size < bytes) {
        memory.reset();
        memory.reset(new char[bytes + alignment]);
        size = bytes;
    }
    const uintptr_t address = reinterpret_cast<uintptr_t>(memory.get());
    return memory.get() + (alignment - address % alignment) % alignment;
}
