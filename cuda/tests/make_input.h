#pragma once

#include "tests/weight.h"

// `tokens` rows of activations, x_stride floats apart; what lies between rows is NaN.
std::vector<float> make_input(int64_t n_inputs, int64_t x_stride, int64_t tokens, Values values, std::mt19937& random);
