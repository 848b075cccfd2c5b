#ifndef MIXLLM_EMULATION_SHADOW_H
#define MIXLLM_EMULATION_SHADOW_H

#include <stdint.h>

namespace emulation {

// Who accesses memory, and when. Two accesses are ordered if one thread makes both, if one block makes both with a
// barrier between them (their epochs differ), or if they belong to different launches.
struct Access {
    uint64_t launch;
    uint32_t block;
    uint32_t thread; // in the block; a collective access of a warp has a number no thread has
    uint32_t epoch;  // barriers the block has passed
};

// What is known of one 32-bit word of memory.
class ShadowWord {
public:
    bool landing = false; // an asynchronous copy is on its way here

    // Both return null, or what is wrong with the access.
    const char* on_read(const Access& access);
    const char* on_write(const Access& access);

private:
    Access writer = {};
    Access reader = {};           // the last one since the last write
    bool written = false;         // ever
    bool read = false;            // since the last write
    bool several_threads = false; // of the reader's block and epoch have read
    bool several_blocks = false;  // of the reader's launch have read
};

} // namespace emulation

#endif
