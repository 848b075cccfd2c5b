#include "thread_seconds.h"

#include "elapsed_seconds.h"

#include <ctime>

double thread_seconds() {
#if defined(CLOCK_THREAD_CPUTIME_ID)
    timespec t;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0) {
        return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
    }
#endif
    return elapsed_seconds();
}
