#pragma once

#include <random>

// Computes one product of a random weight of the format with random, at times extreme activations, from each memory
// that the CPU backend keeps weights in and with several numbers of threads. Ends the process with an explanation
// unless all of them give the same bits.
void fuzz_op(std::mt19937& random);
