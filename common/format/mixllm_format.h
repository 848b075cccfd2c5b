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
    MIXLLM_FORMAT_VERSION = 1,
    MIXLLM_GROUP_SIZE = 128,     // inputs of a row that share a scale; the last group of a row may be short
    MIXLLM_ROW_TILE = 16,        // N4 and N8 are multiples of it
    MIXLLM_INPUT_BLOCK = 32,     // K is a multiple of it
    MIXLLM_MAX_EXTENT = 1 << 24, // K and N are no larger, so that no size below overflows
};

// The tensors that stand for one weight, in the order they are written.
enum mixllm_component {
    MIXLLM_W4,
    MIXLLM_W4_SCALE,
    MIXLLM_W4_ZERO,
    MIXLLM_W8,
    MIXLLM_W8_SCALE,
    MIXLLM_ROWS,
    MIXLLM_COMPONENTS, // how many there are
};

// GGUF's numbers of the types that components have.
enum mixllm_type { MIXLLM_F16 = 1, MIXLLM_I8 = 24, MIXLLM_I32 = 26 };

// A weight of K inputs and N4 + N8 = N output channels, of which N4 are kept in 4 and N8 in 8 bits.
struct mixllm_shape {
    int64_t n_inputs; // K
    int64_t n4;
    int64_t n8;
};

// A component tensor: its type and its extents, the one that varies fastest first (ggml's ne).
struct mixllm_tensor {
    enum mixllm_type type;
    int64_t ne[2];
};

// What a component adds to the name of the weight it belongs to.
static inline const char* mixllm_suffix(enum mixllm_component component) {
    static const char* const suffixes[MIXLLM_COMPONENTS] = {".w4", ".w4_scale", ".w4_zero",
                                                            ".w8", ".w8_scale", ".rows"};
    return suffixes[component];
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
           shape.n4 + shape.n8 > 0 && shape.n4 + shape.n8 <= MIXLLM_MAX_EXTENT;
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

// Type and extents of a component of a weight of a valid shape that has it; ne[1] of rows is 1.
static inline struct mixllm_tensor mixllm_component_tensor(struct mixllm_shape shape, enum mixllm_component component) {
    const int64_t groups = mixllm_groups(shape.n_inputs);
    struct mixllm_tensor tensor = {MIXLLM_I8, {0, 0}};
    switch (component) {
    case MIXLLM_W4:
        tensor.ne[0] = shape.n_inputs / 2;
        tensor.ne[1] = shape.n4;
        break;
    case MIXLLM_W4_SCALE:
        tensor.type = MIXLLM_F16;
        tensor.ne[0] = shape.n4;
        tensor.ne[1] = groups;
        break;
    case MIXLLM_W4_ZERO:
        tensor.ne[0] = shape.n4 / 2;
        tensor.ne[1] = groups;
        break;
    case MIXLLM_W8:
        tensor.ne[0] = shape.n_inputs;
        tensor.ne[1] = shape.n8;
        break;
    case MIXLLM_W8_SCALE:
        tensor.type = MIXLLM_F16;
        tensor.ne[0] = shape.n8;
        tensor.ne[1] = groups;
        break;
    default:
        tensor.type = MIXLLM_I32;
        tensor.ne[0] = shape.n4 + shape.n8;
        tensor.ne[1] = 1;
        break;
    }
    return tensor;
}

// Bytes of an element of a component.
static inline int64_t mixllm_type_bytes(enum mixllm_type type) {
    return type == MIXLLM_I8 ? 1 : type == MIXLLM_F16 ? 2 : 4;
}

// Bytes of a component of a weight of a valid shape; 0 where the weight does not have it.
static inline int64_t mixllm_component_bytes(struct mixllm_shape shape, enum mixllm_component component) {
    const struct mixllm_tensor tensor = mixllm_component_tensor(shape, component);
    return mixllm_has_component(shape, component) ? tensor.ne[0] * tensor.ne[1] * mixllm_type_bytes(tensor.type) : 0;
}

// What is wrong with an entry of rows.
enum mixllm_rows_problem {
    MIXLLM_ROWS_VALID,
    MIXLLM_ROWS_OUT_OF_RANGE,  // no output channel
    MIXLLM_ROWS_NOT_ASCENDING, // not above the entry before it, which is of the same bit-width
    MIXLLM_ROWS_IN_BOTH_PARTS, // an 8-bit entry that a 4-bit one is already
};

// Checks that rows, of N4 and then N8 entries, is a permutation of 0 .. N-1 that ascends within each of its parts:
// kernels scatter by it. Where it is not, *entry is the first entry that is wrong.
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
