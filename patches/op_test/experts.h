// GGML_OP_MUL_MAT_ID_MIXLLM against its definition.

#pragma once

#include "ggml-backend.h"

#include <cstdint>
#include <string>
#include <vector>

struct ExpertsCase {
    int64_t n_inputs, n_outputs;
    std::vector<int64_t> n4; // of each expert
    int64_t used, tokens;
    bool own_x;   // each slot of a token has a row of x of its own
    bool strided; // x, ids and what is computed of them are views of wider tensors
    int threads;
    int rounds = 1;

    std::string name() const;
};

std::vector<ExpertsCase> all_experts_cases();

// Returns whether the device computed the case right with weights in buffers of this type; explains itself on stderr
// where it did not.
bool run_experts(const ExpertsCase& c, ggml_backend_t backend, ggml_backend_buffer_type_t weight_buffers,
                 bool& supported);
