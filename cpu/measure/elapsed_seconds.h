#ifndef MIXLLM_ELAPSED_SECONDS_H
#define MIXLLM_ELAPSED_SECONDS_H

// Elapsed time since some moment, in seconds.
double elapsed_seconds();

#endif
