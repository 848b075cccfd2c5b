#pragma once

#include "layout/activations.cuh"
#include "layout/weight_part.cuh"
#include "memory/global.cuh"
#include "ptx/load_streaming.cuh"

// The weights a thread has of one group of 128 inputs and two rows, row lane / 4 of 16 (index 0) and lane / 4 + 8
// (index 1), as they come from memory in 16-byte pieces: with t = lane % 4, inputs 32t to 32t + 31.
//
// They go into MMAs without passing through shared memory. An MMA only asks that both operands hold the same inputs in
// the same place, so step k = 0..3 takes the k-th 32-bit word of each piece, inputs 32t + 4k.. and 32t + 16 + 4k..:
//
//     4 bits: a row's one piece; the low nibbles of a word go where the step has inputs 4t.., the high ones where 16 +
//     4t.. 8 bits: a row's two pieces, likewise
template <int BITS>
struct RowPair {
    uint32_t w[2][BITS / 4][4]; // [row][piece][word]
    uint16_t s_w[2];
    uint8_t zero[2]; // the byte with the zero point of the row and its neighbour, 4-bit rows only
};

// Walks a thread along every GROUP_STEP-th group of its two rows. What lies beyond the last input is replaced by other
// weights of the row: x is zero there.
template <int BITS, int GROUP_STEP>
class RowPairReader {
public:
    // row: the first of this thread's two.
    __device__ __forceinline__ RowPairReader(const WeightPart& part, int n_inputs, int row, int first_group,
                                             uint64_t policy)
        : policy(policy), start(part.q), scale(part.scale), zero(part.zero) {
        const int row_bytes = n_inputs / 8 * BITS;
        const size_t first = (size_t)first_group * (size_t)part.n + (size_t)row;
        start = start + (size_t)row * (size_t)row_bytes;
        next_row = (size_t)8 * (size_t)row_bytes;
        offset = (first_group * MIXLLM_GROUP_SIZE + (int)threadIdx.x % 4 * 32) / 8 * BITS;
        end = row_bytes;
        scale = scale + first;
        zero = zero + first / 2;
        step = (size_t)GROUP_STEP * (size_t)part.n;
    }

    // The next group.
    __device__ __forceinline__ void load_next(RowPair<BITS>& to) {
        const Global<const uint8_t> from = start + (size_t)(offset < end ? offset : 0);
#pragma unroll
        for (int j = 0; j < BITS / 4; j++) {
            load_streaming(to.w[0][j], from + (size_t)(16 * j), policy);
            load_streaming(to.w[1][j], from + (next_row + (size_t)(16 * j)), policy);
        }
        offset += GROUP_STEP * MIXLLM_GROUP_SIZE / 8 * BITS;
        to.s_w[0] = scale.load(0);
        to.s_w[1] = scale.load(8);
        scale = scale + step;
        if constexpr (BITS == 4) {
            to.zero[0] = zero.load(0);
            to.zero[1] = zero.load(4);
            zero = zero + step / 2;
        }
    }

private:
    uint64_t policy;
    Global<const uint8_t> start;  // of the first row
    Global<const uint16_t> scale; // of the next group
    Global<const uint8_t> zero;
    size_t next_row; // bytes from one of the thread's rows to the other
    size_t step;     // scales from one group to the next
    int offset, end; // bytes in a row: of this thread's pieces of the next group; of the whole row
};
