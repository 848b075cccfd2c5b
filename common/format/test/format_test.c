// Holds mixllm_format.h to the lines of vectors.txt: mixllm-format-c <testVectors.txt>

#include "mixllm_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINE = 1024, MAX_ROWS = 64 };

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
    while (component < MIXLLM_COMPONENTS && !mixllm_has_component(shape, (enum mixllm_component)component)) {
        check(mixllm_component_bytes(shape, (enum mixllm_component)component) == 0, 0, "bytes of no component");
        component++;
    }
    return component;
}

static void check_tensor(struct mixllm_shape shape, int component, int line) {
    check(component < MIXLLM_COMPONENTS, line, "more components than the weight has");
    if (component >= MIXLLM_COMPONENTS) {
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
    struct mixllm_shape shape = {0, 0, 0};
    int component = MIXLLM_COMPONENTS; // of `shape`, the next to be listed
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
        check(component >= MIXLLM_COMPONENTS, line, "the weight above has a component that is not listed");
        component = MIXLLM_COMPONENTS;
        if (strcmp(kind, "rows") == 0) {
            check_rows(line);
        } else if (strcmp(kind, "weight") == 0) {
            shape.n_inputs = number();
            shape.n4 = number();
            shape.n8 = number();
            const bool valid = strcmp(field(), "valid") == 0;
            check(mixllm_shape_valid(shape) == valid, line, "validity of the shape");
            component = valid ? component_from(shape, 0) : (int)MIXLLM_COMPONENTS;
        } else {
            check(false, line, "a line of an unknown kind");
        }
    }
    fclose(table);
    printf("%d checks, %d failed\n", checks, failures);
    return failures == 0 && checks > 0 ? 0 : 1;
}
