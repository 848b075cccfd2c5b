// The MixLLM file format (docs/format.md): what every reader and writer of a MixLLM weight must agree on.
//
// Plain C, so that kernels, converter, bench and the patched llama.cpp all take it from here. mixllmFormat.ts says the
// same in TypeScript; test/vectors.txt holds both to one table.

#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MIXLLM_FORMAT_VERSION = 2,        // what is written
    MIXLLM_OLDEST_FORMAT_VERSION = 1, // what is read as well: rows in the place of mask, no stacks
    MIXLLM_GROUP_SIZE = 128,          // inputs of a row that share a scale; the last group of a row may be short
    MIXLLM_ROW_TILE = 16,             // N4 and N8 are multiples of it
    MIXLLM_INPUT_BLOCK = 32,          // K is a multiple of it
    MIXLLM_MAX_EXTENT = 1 << 24,      // K, and N times E, are no larger, so that no size below overflows
};

// The tensors that stand for one weight, in the order they are written. The last one says which channel a stored row
// is: kernels scatter by rows, which is made of the mask that a file has.
enum mixllm_component {
    MIXLLM_W4,
    MIXLLM_W4_SCALE,
    MIXLLM_W4_ZERO,
    MIXLLM_W8,
    MIXLLM_W8_SCALE,
    MIXLLM_ROWS,
    MIXLLM_COMPONENTS, // how many a weight has
    MIXLLM_MASK = MIXLLM_COMPONENTS,
};

// GGUF's numbers of the types that components have.
enum mixllm_type { MIXLLM_F16 = 1, MIXLLM_I8 = 24, MIXLLM_I32 = 26 };

// A weight of K inputs, with N4 output channels kept in 4 and N8 in 8 bits: N = N4 + N8. Or a stack of E > 1 such
// weights, the experts of a layer, of the same K and N and of any N4 and N8 each; n4 and n8 are the sums over the
// experts.
struct mixllm_shape {
    int64_t n_inputs; // K
    int64_t n4;
    int64_t n8;
    int64_t n_experts; // E, 1 for an ordinary weight
};

// A component tensor: its type and its extents, the one that varies fastest first (ggml's ne).
struct mixllm_tensor {
    enum mixllm_type type;
    int64_t ne[2];
};

// What a component adds to the name of the weight it belongs to.
static inline const char* mixllm_suffix(enum mixllm_component component) {
    static const char* const suffixes[] = {".w4", ".w4_scale", ".w4_zero", ".w8", ".w8_scale", ".rows", ".mask"};
    return suffixes[component];
}

// Which component a file of the version has as the i-th of MIXLLM_COMPONENTS.
static inline enum mixllm_component mixllm_stored_component(uint32_t version, int i) {
    return i == MIXLLM_ROWS && version > 1 ? MIXLLM_MASK : (enum mixllm_component)i;
}

// Groups of a row of K inputs.
static inline int64_t mixllm_groups(int64_t n_inputs) {
    return (n_inputs + MIXLLM_GROUP_SIZE - 1) / MIXLLM_GROUP_SIZE;
}

// Whether a weight of the format can have so many inputs.
static inline bool mixllm_inputs_valid(int64_t n_inputs) {
    return n_inputs > 0 && n_inputs <= MIXLLM_MAX_EXTENT && n_inputs % MIXLLM_INPUT_BLOCK == 0;
}

// Whether it can have so many rows of one bit-width.
static inline bool mixllm_rows_valid(int64_t n_rows) {
    return n_rows >= 0 && n_rows <= MIXLLM_MAX_EXTENT && n_rows % MIXLLM_ROW_TILE == 0;
}

// Whether a weight of this shape can be in the format.
static inline bool mixllm_shape_valid(struct mixllm_shape shape) {
    return mixllm_inputs_valid(shape.n_inputs) && mixllm_rows_valid(shape.n4) && mixllm_rows_valid(shape.n8) &&
           shape.n4 + shape.n8 > 0 && shape.n4 + shape.n8 <= MIXLLM_MAX_EXTENT && shape.n_experts > 0 &&
           shape.n_experts <= MIXLLM_MAX_EXTENT && (shape.n4 + shape.n8) % (shape.n_experts * MIXLLM_ROW_TILE) == 0;
}

// Output channels N of one expert, or of an ordinary weight.
static inline int64_t mixllm_channels(struct mixllm_shape shape) {
    return (shape.n4 + shape.n8) / shape.n_experts;
}

// Whether a weight of this shape has the component: a part without rows has no tensors.
static inline bool mixllm_has_component(struct mixllm_shape shape, enum mixllm_component component) {
    switch (component) {
    case MIXLLM_W4:
    case MIXLLM_W4_SCALE:
    case MIXLLM_W4_ZERO:
        return shape.n4 > 0;
    case MIXLLM_W8:
    case MIXLLM_W8_SCALE:
        return shape.n8 > 0;
    default:
        return true;
    }
}

// Type and extents of a component of a weight of a valid shape that has it. The scales and zero points of a stack have
// one extent, since their rows are as long as their expert has channels; so has rows or mask of an ordinary weight.
static inline struct mixllm_tensor mixllm_component_tensor(struct mixllm_shape shape, enum mixllm_component component) {
    const int64_t groups = mixllm_groups(shape.n_inputs);
    const bool stack = shape.n_experts > 1;
    struct mixllm_tensor tensor = {MIXLLM_I8, {0, stack ? 1 : groups}};
    switch (component) {
    case MIXLLM_W4:
        tensor.ne[0] = shape.n_inputs / 2;
        tensor.ne[1] = shape.n4;
        break;
    case MIXLLM_W4_SCALE:
        tensor.type = MIXLLM_F16;
        tensor.ne[0] = stack ? groups * shape.n4 : shape.n4;
        break;
    case MIXLLM_W4_ZERO:
        tensor.ne[0] = stack ? groups * (shape.n4 / 2) : shape.n4 / 2;
        break;
    case MIXLLM_W8:
        tensor.ne[0] = shape.n_inputs;
        tensor.ne[1] = shape.n8;
        break;
    case MIXLLM_W8_SCALE:
        tensor.type = MIXLLM_F16;
        tensor.ne[0] = stack ? groups * shape.n8 : shape.n8;
        break;
    case MIXLLM_ROWS:
        tensor.type = MIXLLM_I32;
        tensor.ne[0] = mixllm_channels(shape);
        tensor.ne[1] = shape.n_experts;
        break;
    case MIXLLM_MASK:
        tensor.ne[0] = mixllm_channels(shape) / 8;
        tensor.ne[1] = shape.n_experts;
        break;
    }
    return tensor;
}

// Bytes that N4 and N8 channels of K inputs have of a component. In a stack each expert is an ordinary weight at an
// offset, which is this of the channels of the experts before it.
static inline int64_t mixllm_channel_bytes(int64_t n_inputs, int64_t n4, int64_t n8, enum mixllm_component component) {
    const int64_t groups = mixllm_groups(n_inputs);
    switch (component) {
    case MIXLLM_W4:
        return n_inputs / 2 * n4;
    case MIXLLM_W4_SCALE:
        return 2 * groups * n4;
    case MIXLLM_W4_ZERO:
        return groups * (n4 / 2);
    case MIXLLM_W8:
        return n_inputs * n8;
    case MIXLLM_W8_SCALE:
        return 2 * groups * n8;
    case MIXLLM_ROWS:
        return 4 * (n4 + n8);
    case MIXLLM_MASK:
        return (n4 + n8) / 8;
    }
    return 0;
}

// Bytes of a component of a weight of a valid shape; 0 where the weight does not have it.
static inline int64_t mixllm_component_bytes(struct mixllm_shape shape, enum mixllm_component component) {
    return mixllm_channel_bytes(shape.n_inputs, shape.n4, shape.n8, component);
}

// Whether the mask says that a channel is kept in 8 bits.
static inline bool mixllm_is_8bit(const uint8_t* mask, int64_t channel) {
    return (mask[channel / 8] >> channel % 8 & 1) != 0;
}

// N8 of n channels, a multiple of 8.
static inline int64_t mixllm_count_8bit(const uint8_t* mask, int64_t n) {
    int64_t count = 0;
    for (int64_t channel = 0; channel < n; channel++) {
        count += mixllm_is_8bit(mask, channel);
    }
    return count;
}

// What is wrong with a mask.
enum mixllm_mask_problem {
    MIXLLM_MASK_VALID,
    MIXLLM_MASK_NO_TILES,    // the 8-bit channels of an expert are no multiple of MIXLLM_ROW_TILE
    MIXLLM_MASK_OTHER_COUNT, // there are more or fewer 8-bit channels than n8
};

// Checks the mask of a weight of a valid shape. *expert is the first one of a wrong count, and *n8 that count; of
// MIXLLM_MASK_OTHER_COUNT, *n8 is the count over all experts.
static inline enum mixllm_mask_problem mixllm_check_mask(const uint8_t* mask, struct mixllm_shape shape,
                                                         int64_t* expert, int64_t* n8) {
    const int64_t n = mixllm_channels(shape);
    int64_t total = 0;
    for (*expert = 0; *expert < shape.n_experts; ++*expert) {
        *n8 = mixllm_count_8bit(mask + *expert * (n / 8), n);
        if (*n8 % MIXLLM_ROW_TILE != 0) {
            return MIXLLM_MASK_NO_TILES;
        }
        total += *n8;
    }
    *expert = 0;
    *n8 = total;
    return total == shape.n8 ? MIXLLM_MASK_VALID : MIXLLM_MASK_OTHER_COUNT;
}

// Fills the rows of one expert or of an ordinary weight of n channels from its mask, and returns N4.
static inline int64_t mixllm_rows_of_mask(const uint8_t* mask, int64_t n, int32_t* rows) {
    const int64_t n4 = n - mixllm_count_8bit(mask, n);
    int64_t next4 = 0, next8 = n4;
    for (int64_t channel = 0; channel < n; channel++) {
        rows[mixllm_is_8bit(mask, channel) ? next8++ : next4++] = (int32_t)channel;
    }
    return n4;
}

// What is wrong with an entry of rows.
enum mixllm_rows_problem {
    MIXLLM_ROWS_VALID,
    MIXLLM_ROWS_OUT_OF_RANGE,  // no output channel
    MIXLLM_ROWS_NOT_ASCENDING, // not above the entry before it, which is of the same bit-width
    MIXLLM_ROWS_IN_BOTH_PARTS, // an 8-bit entry that a 4-bit one is already
};

// Checks that rows of version 1, N4 and then N8 entries, is a permutation of 0 .. N-1 that ascends within each of its
// parts: kernels scatter by it. Where it is not, *entry is the first entry that is wrong.
static inline enum mixllm_rows_problem mixllm_check_rows(const int32_t* rows, int64_t n4, int64_t n8, int64_t* entry) {
    const int64_t n = n4 + n8;
    for (int64_t i = 0; i < n; i++) {
        *entry = i;
        if (rows[i] < 0 || rows[i] >= n) {
            return MIXLLM_ROWS_OUT_OF_RANGE;
        }
        if (i != 0 && i != n4 && rows[i] <= rows[i - 1]) {
            return MIXLLM_ROWS_NOT_ASCENDING;
        }
    }
    // Two ascending parts of n different channels below n: a permutation if they have none in common.
    for (int64_t i4 = 0, i8 = n4; i4 < n4 && i8 < n;) {
        if (rows[i4] == rows[i8]) {
            *entry = i8;
            return MIXLLM_ROWS_IN_BOTH_PARTS;
        }
        if (rows[i4] < rows[i8]) {
            i4++;
        } else {
            i8++;
        }
    }
    return MIXLLM_ROWS_VALID;
}

#ifdef __cplusplus
}
#endif
