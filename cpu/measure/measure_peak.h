#ifndef MIXLLM_MEASURE_PEAK_H
#define MIXLLM_MEASURE_PEAK_H

// Runs nothing but the multiply instruction of `isa` on independent registers on the calling thread for about
// `seconds`. Returns multiplications plus additions a second of that thread's CPU time, in 1e9; 0 where the peak of
// `isa` is not known.
double measure_peak(const char* isa, double seconds);

#endif
