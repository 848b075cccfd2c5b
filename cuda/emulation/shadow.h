#pragma once

#include <stdint.h>

namespace emulation {

// Who accesses memory, and when. Two accesses are ordered if one thread makes both, if one block makes both with a
// barrier between them (their epochs differ) or the later thread knows of the earlier one's access through barriers
// among fewer threads, or if they belong to different launches.
struct Access {
    uint64_t launch;
    uint32_t block;
    uint32_t thread;       // in the block; a collective access of a warp has a number no thread has
    uint32_t epoch;        // barriers of the whole block that it has passed
    uint32_t clock;        // of the thread: how often it has let others know what it did
    const uint32_t* known; // [threads] the clocks of others up to which this thread knows what they did; may be null
    bool by_host;
    bool early; // the kernels before may still be running

    bool knows(const Access& earlier) const {
        return epoch != earlier.epoch || thread == earlier.thread ||
               (known != nullptr && earlier.thread < FIRST_COLLECTIVE && known[earlier.thread] >= earlier.clock);
    }

    enum : uint32_t { FIRST_COLLECTIVE = 0x10000 };
};

// What is known of one 32-bit word of memory.
class ShadowWord {
public:
    bool landing = false; // an asynchronous copy is on its way here

    // Both return null, or what is wrong with the access.
    const char* on_read(const Access& access);
    const char* on_write(const Access& access);

    // Readers are accounted for elsewhere: the next write is not checked against them.
    void forget_readers() { read = false; }

private:
    Access writer = {};
    Access reader = {};           // the last one since the last write
    bool written = false;         // ever
    bool read = false;            // since the last write
    bool several_threads = false; // of the reader's block and epoch have read
    bool several_blocks = false;  // of the reader's launch have read
};

} // namespace emulation
