#include "global_memory.h"

#include "fault.h"

namespace emulation {

static const size_t alignment = 256;

void* GlobalMemory::allocate(size_t bytes) {
    Allocation allocation;
    allocation.bytes = bytes;
    allocation.storage.reset(new char[bytes + alignment]);
    const uintptr_t raw = reinterpret_cast<uintptr_t>(allocation.storage.get());
    char* begin = allocation.storage.get() + (alignment - raw % alignment) % alignment;
    allocation.begin = begin;
    allocation.shadow.resize((bytes + 3) / 4);
    allocations.emplace(begin, std::move(allocation));
    return begin;
}

bool GlobalMemory::release(void* address) {
    latest = nullptr;
    return allocations.erase(static_cast<const char*>(address)) == 1;
}

GlobalMemory::Allocation& GlobalMemory::find(const void* address, size_t bytes, const char* what) {
    const char* at = static_cast<const char*>(address);
    if (reinterpret_cast<uintptr_t>(address) % bytes != 0) {
        throw Fault(std::string(what) + " " + std::to_string(bytes) +
                    " bytes of global memory at a misaligned address");
    }
    if (latest == nullptr || at < latest->begin || at + bytes > latest->begin + latest->bytes) {
        auto next = allocations.upper_bound(at);
        if (next == allocations.begin()) {
            throw Fault(std::string(what) + " global memory before every allocation");
        }
        Allocation& allocation = std::prev(next)->second;
        const size_t offset = (size_t)(at - allocation.begin);
        if (offset + bytes > allocation.bytes) {
            throw Fault(std::string(what) + " " + std::to_string(bytes) + " bytes at offset " + std::to_string(offset) +
                        " of an allocation of " + std::to_string(allocation.bytes) + " bytes of global memory");
        }
        latest = &allocation;
    }
    return *latest;
}

void GlobalMemory::on_read(const void* address, size_t bytes, const Access& access) {
    Allocation& allocation = find(address, bytes, "reads");
    const size_t offset = (size_t)(static_cast<const char*>(address) - allocation.begin);
    for (size_t word = offset / 4; word <= (offset + bytes - 1) / 4; word++) {
        if (const char* problem = allocation.shadow[word].on_read(access)) {
            throw Fault(std::string(problem) + ", at offset " + std::to_string(word * 4) + " of an allocation of " +
                        std::to_string(allocation.bytes) + " bytes of global memory");
        }
    }
}

void GlobalMemory::on_write(const void* address, size_t bytes, const Access& access) {
    if (access.early) {
        throw Fault("writes global memory without having waited for the kernels before");
    }
    Allocation& allocation = find(address, bytes, "writes");
    const size_t offset = (size_t)(static_cast<const char*>(address) - allocation.begin);
    for (size_t word = offset / 4; word <= (offset + bytes - 1) / 4; word++) {
        if (const char* problem = allocation.shadow[word].on_write(access)) {
            throw Fault(std::string(problem) + ", at offset " + std::to_string(word * 4) + " of an allocation of " +
                        std::to_string(allocation.bytes) + " bytes of global memory");
        }
    }
}

GlobalMemory& global_memory() {
    static GlobalMemory memory;
    return memory;
}

} // namespace emulation
