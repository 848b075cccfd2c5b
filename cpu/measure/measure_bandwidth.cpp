#include "measure_bandwidth.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#if defined(__GNUC__)
#    define INLINE inline __attribute__((always_inline))
// Four words that the compiler keeps in one register, or in two where registers are half as wide.
typedef uint64_t Words __attribute__((vector_size(32), aligned(8), may_alias));
#    define PREFETCH(address) __builtin_prefetch(address, 0, 3)
#else
#    define INLINE inline
typedef uint64_t Words;
#    define PREFETCH(address) ((void)0)
#endif

// Reads `streams` parts of the memory side by side, and asks for what lies `ahead` of every line or, as is enough to
// have addresses translated in time, of the first one of each page; returns a sum, so that no read can be left out.
template <size_t streams, size_t ahead, size_t every = 64>
static INLINE uint64_t read_streams(const char* memory, size_t bytes) {
    constexpr int registers = 64 / sizeof(Words);
    const size_t part = bytes / streams / 64 * 64;
    Words sums[streams][registers] = {};
    for (size_t i = 0; i < part; i += 64) {
        for (size_t s = 0; s < streams; s++) {
            const char* at = memory + s * part + i;
            if (ahead > 0 && i % every == 0) {
                PREFETCH(at + ahead);
            }
            for (int k = 0; k < registers; k++) {
                sums[s][k] += reinterpret_cast<const Words*>(at)[k];
            }
        }
    }
    uint64_t words[sizeof sums / 8];
    std::memcpy(words, sums, sizeof sums);
    uint64_t sum = 0;
    for (const uint64_t word : words) {
        sum ^= word;
    }
    for (size_t i = streams * part; i < bytes; i += 8) {
        uint64_t word;
        std::memcpy(&word, memory + i, 8);
        sum ^= word;
    }
    return sum;
}

using Read = uint64_t (*)(const char*, size_t);

static uint64_t read_one(const char* memory, size_t bytes) {
    return read_streams<1, 0>(memory, bytes);
}

static uint64_t read_two(const char* memory, size_t bytes) {
    return read_streams<2, 16384, 4096>(memory, bytes);
}

static uint64_t read_four(const char* memory, size_t bytes) {
    return read_streams<4, 512>(memory, bytes);
}

#if defined(__GNUC__) && defined(__x86_64__)
__attribute__((target("avx2"))) static uint64_t read_one_avx2(const char* memory, size_t bytes) {
    return read_streams<1, 0>(memory, bytes);
}

__attribute__((target("avx2"))) static uint64_t read_two_avx2(const char* memory, size_t bytes) {
    return read_streams<2, 16384, 4096>(memory, bytes);
}

__attribute__((target("avx2"))) static uint64_t read_four_avx2(const char* memory, size_t bytes) {
    return read_streams<4, 512>(memory, bytes);
}

static bool has_avx2() {
    return __builtin_cpu_supports("avx2");
}
#else
static constexpr Read read_one_avx2 = read_one;
static constexpr Read read_two_avx2 = read_two;
static constexpr Read read_four_avx2 = read_four;

static bool has_avx2() {
    return false;
}
#endif

double measure_bandwidth(const std::vector<MemoryPiece>& pieces, double (*clock)(),
                         const std::vector<MemoryPiece>& before) {
    const auto read_all = [](Read read, const std::vector<MemoryPiece>& from) {
        uint64_t sum = 0;
        for (const MemoryPiece& piece : from) {
            sum ^= read(static_cast<const char*>(piece.memory), piece.bytes);
        }
        volatile uint64_t keep = sum;
        (void)keep;
    };
    double bytes = 0, best = 0;
    for (const MemoryPiece& piece : pieces) {
        bytes += (double)piece.bytes;
    }
    for (const Read read : {has_avx2() ? read_one_avx2 : read_one, has_avx2() ? read_two_avx2 : read_two,
                            has_avx2() ? read_four_avx2 : read_four}) {
        read_all(read, before);
        const double start = clock();
        read_all(read, pieces);
        best = std::max(best, bytes / (clock() - start) * 1e-9);
    }
    return best;
}
