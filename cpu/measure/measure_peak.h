#pragma once

// Runs nothing but the multiply instruction of `isa` on independent registers on the calling thread for about
// `seconds`. Returns multiplications plus additions a second, in 1e9, by a clock such as thread_seconds; 0 where the
// peak of `isa` is not known.
double measure_peak(const char* isa, double seconds, double (*clock)());
