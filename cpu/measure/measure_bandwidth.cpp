#include "measure_bandwidth.h"

#include "thread_seconds.h"

#include <cstdint>
#include <cstring>

double measure_bandwidth(const void* memory, size_t bytes) {
    const char* at = static_cast<const char*>(memory);
    uint64_t sums[8] = {};
    const double start = thread_seconds();
    for (size_t i = 0; i < bytes; i += 64) {
        uint64_t line[8];
        std::memcpy(line, at + i, sizeof line);
        for (int k = 0; k < 8; k++) {
            sums[k] += line[k];
        }
    }
    const double seconds = thread_seconds() - start;
    volatile uint64_t keep = sums[0] ^ sums[1] ^ sums[2] ^ sums[3] ^ sums[4] ^ sums[5] ^ sums[6] ^ sums[7];
    (void)keep;
    return (double)bytes / seconds * 1e-9;
}
