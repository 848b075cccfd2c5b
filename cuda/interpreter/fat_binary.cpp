#include "interpreter/fat_binary.h"

#include "interpreter/fault.h"

#include <algorithm>
#include <cstring>
#include <stdint.h>

namespace interpreter {

// NVIDIA does not document these; the fields are those that fatbinary of CUDA 12 and 13 writes.
struct Wrapper {
    uint32_t magic, version;
    const uint8_t* data;
};
struct Header {
    uint32_t magic;
    uint16_t version, header_bytes;
    uint64_t bytes; // of what follows
};
struct Entry {
    uint16_t kind, version;
    uint32_t header_bytes;
    uint64_t bytes; // of what follows the header
};

std::string ptx_of(const void* fat_binary, const std::string& target) {
    Wrapper wrapper;
    std::memcpy(&wrapper, fat_binary, sizeof wrapper);
    Header header = {};
    if (wrapper.magic == 0x466243B1) {
        std::memcpy(&header, wrapper.data, sizeof header);
    }
    if (header.magic != 0xBA55ED50) {
        throw Fault("this nvcc's fat binaries have another format");
    }
    for (uint64_t at = header.header_bytes; at < header.header_bytes + header.bytes;) {
        Entry entry;
        std::memcpy(&entry, wrapper.data + at, sizeof entry);
        const char* content = reinterpret_cast<const char*>(wrapper.data + at + entry.header_bytes);
        const std::string text(content, std::find(content, content + entry.bytes, 0));
        if (entry.kind == 1 && text.find(".target " + target + "\n") != std::string::npos) {
            return text;
        }
        at += entry.header_bytes + entry.bytes;
    }
    throw Fault("no PTX for " + target);
}

} // namespace interpreter
