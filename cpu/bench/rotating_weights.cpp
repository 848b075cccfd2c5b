#include "rotating_weights.h"

#include <cstring>
#include <iterator>
#include <new>

static uint64_t next_random() {
    static uint64_t state = 88172645463325252ull;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

AlignedMemory allocate_aligned(size_t bytes) {
    const auto release = [](void* memory) { ::operator delete(memory, std::align_val_t(64)); };
    return AlignedMemory(static_cast<char*>(::operator new(bytes + 64, std::align_val_t(64))), release);
}

static void random_bytes(char* to, size_t bytes) {
    for (size_t i = 0; i < bytes; i += 8) {
        const uint64_t value = next_random();
        std::memcpy(to + i, &value, 8);
    }
}

static void random_scales(char* to, size_t bytes) {
    for (size_t i = 0; i < bytes; i += 2) {
        const uint16_t scale = (uint16_t)(0x1C00 + next_random() % 0x400); // 2^-8 and up
        std::memcpy(to + i, &scale, 2);
    }
}

size_t copies_beyond_caches(size_t bytes) {
    return ((size_t)192 << 20) / bytes + 1;
}

namespace {

struct Component {
    mixllm_component kind;
    int64_t n;
    size_t bytes;

    size_t padded() const { return (bytes + 63) / 64 * 64; }
    bool is_scale() const { return kind == MIXLLM_W4_SCALE || kind == MIXLLM_W8_SCALE; }
};

} // namespace

RotatingWeights::RotatingWeights(int64_t n, int64_t k, int64_t percent, bool tiled) : memory(nullptr, mixllm_cpu_free) {
    const int64_t n8 = (n * percent / 100 + 8) / 16 * 16;
    const int64_t n4 = n - n8;
    std::vector<int32_t> rows8;
    for (int64_t i = 0; i < n; i++) {
        const bool is8 = (i + 1) * n8 / n != i * n8 / n;
        (is8 ? rows8 : rows).push_back((int32_t)i);
    }
    rows.insert(rows.end(), rows8.begin(), rows8.end());

    const auto bytes_of = [&](mixllm_component component) {
        return (size_t)mixllm_component_bytes({k, n4, n8, 1}, component);
    };
    const Component components[] = {
        {MIXLLM_W4, n4, bytes_of(MIXLLM_W4)},
        {MIXLLM_W4_SCALE, n4, bytes_of(MIXLLM_W4_SCALE)},
        {MIXLLM_W4_ZERO, n4, bytes_of(MIXLLM_W4_ZERO)},
        {MIXLLM_W8, n8, bytes_of(MIXLLM_W8)},
        {MIXLLM_W8_SCALE, n8, bytes_of(MIXLLM_W8_SCALE)},
    };
    size_t copy_bytes = 0;
    bytes = (size_t)n * sizeof(int32_t);
    for (const Component& c : components) {
        copy_bytes += c.padded();
        bytes += c.bytes;
    }
    const size_t count = copies_beyond_caches(bytes);
    memory = tiled ? AlignedMemory((char*)mixllm_cpu_allocate(count * copy_bytes), mixllm_cpu_free)
                   : allocate_aligned(count * copy_bytes);
    const AlignedMemory untiled = allocate_aligned(copy_bytes);
    char* at = memory.get();
    for (size_t i = 0; i < count; i++) {
        const char* place[std::size(components)];
        for (const Component& c : components) {
            char* packed = tiled ? untiled.get() : at;
            (c.is_scale() ? random_scales : random_bytes)(packed, c.bytes);
            if (tiled && c.n > 0) {
                mixllm_cpu_tile(c.kind, packed, at, c.n, k);
            }
            place[c.kind] = at;
            at += c.padded();
        }
        mixllm_cpu_weight w = {};
        w.n_inputs = k;
        w.n4 = n4;
        w.n8 = n8;
        w.w4 = (const uint8_t*)place[MIXLLM_W4];
        w.w4_scale = (const uint16_t*)place[MIXLLM_W4_SCALE];
        w.w4_zero = (const uint8_t*)place[MIXLLM_W4_ZERO];
        w.w8 = (const int8_t*)place[MIXLLM_W8];
        w.w8_scale = (const uint16_t*)place[MIXLLM_W8_SCALE];
        w.rows = rows.data();
        w.tiled = tiled;
        copies.push_back(w);
    }
}
