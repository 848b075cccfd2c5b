#include "rotating_weights.h"

#include <cstring>
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

static AlignedMemory random_bytes(size_t bytes) {
    AlignedMemory memory = allocate_aligned(bytes);
    for (size_t i = 0; i < bytes; i += 8) {
        const uint64_t value = next_random();
        std::memcpy(memory.get() + i, &value, 8);
    }
    return memory;
}

static AlignedMemory random_scales(size_t count) {
    AlignedMemory memory = allocate_aligned(count * 2);
    uint16_t* scales = reinterpret_cast<uint16_t*>(memory.get());
    for (size_t i = 0; i < count; i++) {
        scales[i] = (uint16_t)(0x1C00 + next_random() % 0x400); // 2^-8 and up
    }
    return memory;
}

size_t copies_beyond_caches(size_t bytes) {
    return ((size_t)192 << 20) / bytes + 1;
}

const void* RotatingWeights::keep(AlignedMemory part) {
    memory.push_back(std::move(part));
    return memory.back().get();
}

const void* RotatingWeights::keep(AlignedMemory part, size_t part_bytes, mixllm_component component, int64_t n,
                                  int64_t k, bool tiled) {
    if (!tiled || n == 0) {
        return keep(std::move(part));
    }
    AlignedMemory to(static_cast<char*>(mixllm_cpu_allocate(part_bytes)), mixllm_cpu_free);
    mixllm_cpu_tile(component, part.get(), to.get(), n, k);
    return keep(std::move(to));
}

RotatingWeights::RotatingWeights(int64_t n, int64_t k, int64_t percent, bool tiled) {
    const int64_t groups = (k + MIXLLM_GROUP_SIZE - 1) / MIXLLM_GROUP_SIZE;
    const int64_t n8 = (n * percent / 100 + 8) / 16 * 16;
    const int64_t n4 = n - n8;
    bytes = (size_t)(n4 * k / 2 + groups * n4 * 2 + groups * n4 / 2 + n8 * k + groups * n8 * 2 + n * 4);
    std::vector<int32_t> rows8;
    for (int64_t i = 0; i < n; i++) {
        const bool is8 = (i + 1) * n8 / n != i * n8 / n;
        (is8 ? rows8 : rows).push_back((int32_t)i);
    }
    rows.insert(rows.end(), rows8.begin(), rows8.end());
    const auto bytes_of = [&](int64_t rows_of, int64_t bits) {
        const size_t size = (size_t)(rows_of * k * bits / 8);
        return keep(random_bytes(size), size, bits == 4 ? MIXLLM_W4 : MIXLLM_W8, rows_of, k, tiled);
    };
    const auto scales_of = [&](int64_t rows_of, mixllm_component component) {
        const size_t count = (size_t)(groups * rows_of);
        return (const uint16_t*)keep(random_scales(count), count * 2, component, rows_of, k, tiled);
    };
    for (size_t i = 0; i < copies_beyond_caches(bytes); i++) {
        mixllm_weight w = {};
        w.n_inputs = k;
        w.n4 = n4;
        w.n8 = n8;
        w.w4 = (const uint8_t*)bytes_of(n4, 4);
        w.w4_scale = scales_of(n4, MIXLLM_W4_SCALE);
        const size_t zero_bytes = (size_t)(groups * n4 / 2);
        w.w4_zero = (const uint8_t*)keep(random_bytes(zero_bytes), zero_bytes, MIXLLM_W4_ZERO, n4, k, tiled);
        w.w8 = (const int8_t*)bytes_of(n8, 8);
        w.w8_scale = scales_of(n8, MIXLLM_W8_SCALE);
        w.rows = rows.data();
        w.tiled = tiled;
        copies.push_back(w);
    }
}
