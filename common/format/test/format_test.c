// Holds mixllm_format.h to the lines of vectors.txt: mixllm-format-c <testVectors.txt>

#include "mixllm_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINE = 1024, MAX_ROWS = 64, LISTED = MIXLLM_MASK + 1 };

static int checks = 0, failures = 0;

static void check(bool ok, int line, const char* what) {
    checks++;
    if (!ok) {
        failures++;
        fprintf(stderr, "line %d: %s\n", line, what);
    }
}

// A line's next field; ends the program where there is none.
static const char* field(void) {
    const char* text = strtok(NULL, " \n");
    if (text == NULL) {
        fprintf(stderr, "a line of the table is too short\n");
        exit(2);
    }
    return text;
}

static int64_t number(void) {
    return strtoll(field(), NULL, 10);
}

// The first component from `component` on that a weight of this shape has.
static int component_from(struct mixllm_shape shape, int component) {
    while (component < LISTED && !mixllm_has_component(shape, (enum mixllm_component)component)) {
        check(mixllm_component_bytes(shape, (enum mixllm_component)component) == 0, 0, "bytes of no component");
        component++;
    }
    return component;
}

static void check_tensor(struct mixllm_shape shape, int component, int line) {
    check(component < LISTED, line, "more components than the weight has");
    if (component >= LISTED) {
        return;
    }
    const enum mixllm_component which = (enum mixllm_component)component;
    const struct mixllm_tensor tensor = mixllm_component_tensor(shape, which);
    check(strcmp(field(), mixllm_suffix(which)) == 0, line, "suffix");
    check(number() == (int64_t)tensor.type, line, "type");
    check(number() == tensor.ne[0], line, "first extent");
    check(number() == tensor.ne[1], line, "second extent");
    check(number() == mixllm_component_bytes(shape, which), line, "bytes");
}

static void check_expert(struct mixllm_shape shape, int line) {
    const int64_t n4 = number();
    const int64_t n8 = number();
    for (int component = 0; component < LISTED; component++) {
        check(number() == mixllm_channel_bytes(shape.n_inputs, n4, n8, (enum mixllm_component)component), line,
              "offset of the expert");
    }
}

// Reads a mask in hexadecimal; returns its length in bytes.
static int64_t read_mask(uint8_t* mask) {
    const char* digits = field();
    int64_t length = 0;
    for (unsigned byte = 0; length < MAX_ROWS / 8 && sscanf(digits + 2 * length, "%2x", &byte) == 1; length++) {
        mask[length] = (uint8_t)byte;
    }
    return length;
}

static void check_mask(int line) {
    static const char* const names[] = {"valid", "no-tiles", "other-count"};
    const int64_t experts = number();
    const int64_t n8 = number();
    const char* problem = field();
    const char* place = field();
    char* counts = (char*)field();
    uint8_t mask[MAX_ROWS / 8];
    const int64_t n = 8 * read_mask(mask);
    const struct mixllm_shape shape = {128, n - n8, n8, experts};
    int64_t expert = -1, count = -1;
    const enum mixllm_mask_problem found = mixllm_check_mask(mask, shape, &expert, &count);
    check(strcmp(names[found], problem) == 0, line, "problem of the mask");
    if (found != MIXLLM_MASK_VALID) {
        check(expert == strtoll(place, NULL, 10) && count == strtoll(counts, NULL, 10), line, "place of the problem");
        return;
    }
    for (expert = 0; expert < experts; expert++, counts += strcspn(counts, ",") + 1) {
        count = mixllm_count_8bit(mask + expert * (n / experts / 8), n / experts);
        check(count == strtoll(counts, NULL, 10), line, "8-bit channels of an expert");
    }
}

static void check_order(int line) {
    uint8_t mask[MAX_ROWS / 8];
    const int64_t n = 8 * read_mask(mask);
    const int64_t n4 = number();
    int32_t rows[MAX_ROWS];
    check(mixllm_rows_of_mask(mask, n, rows) == n4, line, "4-bit channels of the mask");
    for (int64_t i = 0; i < n; i++) {
        check(rows[i] == number(), line, "rows of the mask");
    }
}

static void check_rows(int line) {
    static const char* const names[] = {"valid", "out-of-range", "not-ascending", "in-both-parts"};
    const int64_t n4 = number();
    const char* problem = field();
    const char* entry = field();
    int32_t rows[MAX_ROWS];
    int64_t n = 0;
    for (const char* text = strtok(NULL, " \n"); text != NULL && n < MAX_ROWS; text = strtok(NULL, " \n")) {
        rows[n++] = (int32_t)strtol(text, NULL, 10);
    }
    int64_t wrong = -1;
    const enum mixllm_rows_problem found = mixllm_check_rows(rows, n4, n - n4, &wrong);
    check(strcmp(names[found], problem) == 0, line, "problem of rows");
    check(found == MIXLLM_ROWS_VALID || wrong == strtoll(entry, NULL, 10), line, "entry of the problem");
}

int main(int argc, char** argv) {
    FILE* table = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (table == NULL) {
        fprintf(stderr, "usage: mixllm-format-c <vectors.txt>\n");
        return 2;
    }
    char text[MAX_LINE];
    struct mixllm_shape shape = {0, 0, 0, 0};
    int component = LISTED; // of `shape`, the next to be listed
    for (int line = 1; fgets(text, sizeof(text), table) != NULL; line++) {
        const char* kind = strtok(text, " \n");
        if (kind == NULL || kind[0] == '#') {
            continue;
        }
        if (strcmp(kind, "tensor") == 0) {
            check_tensor(shape, component, line);
            component = component_from(shape, component + 1);
            continue;
        }
        check(component >= LISTED, line, "the weight above has a component that is not listed");
        component = LISTED;
        if (strcmp(kind, "rows") == 0) {
            check_rows(line);
        } else if (strcmp(kind, "mask") == 0) {
            check_mask(line);
        } else if (strcmp(kind, "order") == 0) {
            check_order(line);
        } else if (strcmp(kind, "expert") == 0) {
            check_expert(shape, line);
        } else if (strcmp(kind, "weight") == 0) {
            shape.n_inputs = number();
            shape.n4 = number();
            shape.n8 = number();
            shape.n_experts = number();
            const bool valid = strcmp(field(), "valid") == 0;
            check(mixllm_shape_valid(shape) == valid, line, "validity of the shape");
            component = valid ? component_from(shape, 0) : LISTED;
        } else {
            check(false, line, "a line of an unknown kind");
        }
    }
    fclose(table);
    printf("%d checks, %d failed\n", checks, failures);
    return failures == 0 && checks > 0 ? 0 : 1;
}
