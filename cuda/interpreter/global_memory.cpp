#include "interpreter/global_memory.h"

#include "interpreter/fault.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace interpreter {

GlobalMemory& global_memory() {
    static GlobalMemory memory;
    return memory;
}

void* GlobalMemory::allocate(size_t bytes) {
    constexpr size_t alignment = 256;
    Allocation allocation;
    allocation.bytes = bytes;
    allocation.storage.reset(new uint8_t[bytes + alignment]);
    std::memset(allocation.storage.get(), 0xB7, bytes + alignment);
    const uint64_t address =
        (reinterpret_cast<uint64_t>(allocation.storage.get()) + alignment - 1) / alignment * alignment;
    allocation.written.resize(bytes / 4 + 1);
    allocations[address] = std::move(allocation);
    return reinterpret_cast<void*>(address);
}

bool GlobalMemory::release(void* address) {
    latest = nullptr;
    return allocations.erase(reinterpret_cast<uint64_t>(address)) == 1;
}

uint32_t* GlobalMemory::find(uint64_t address, size_t bytes, size_t alignment) {
    if (address % alignment != 0) {
        throw Fault("misaligned global address " + std::to_string(address) + " for " + std::to_string(alignment) +
                    " bytes");
    }
    if (latest == nullptr || address < latest_begin || address - latest_begin + bytes > latest->bytes) {
        auto after = allocations.upper_bound(address);
        if (after == allocations.begin() || (--after)->second.bytes < address - after->first + bytes) {
            throw Fault("global address " + std::to_string(address) + ", " + std::to_string(bytes) +
                        " bytes, is in no allocation");
        }
        latest_begin = after->first;
        latest = &after->second;
    }
    return &latest->written[(address - latest_begin) / 4];
}

static size_t words_of(uint64_t address, size_t bytes) {
    return (address % 4 + bytes + 3) / 4;
}

const uint8_t* GlobalMemory::read(uint64_t address, size_t bytes, size_t alignment, bool early) {
    const uint32_t* written = find(address, bytes, alignment);
    if (early && std::count(written, written + words_of(address, bytes), period) > 0) {
        throw Fault("reads what a kernel before writes, without griddepcontrol.wait");
    }
    return reinterpret_cast<const uint8_t*>(address);
}

uint8_t* GlobalMemory::write(uint64_t address, size_t bytes, size_t alignment, bool early) {
    uint32_t* written = find(address, bytes, alignment);
    std::fill_n(written, words_of(address, bytes), period);
    if (early) {
        throw Fault("writes what kernels before may use, without griddepcontrol.wait");
    }
    return reinterpret_cast<uint8_t*>(address);
}

void GlobalMemory::synchronize() {
    period++;
}

} // namespace interpreter
