#include "elapsed_seconds.h"

#include <chrono>

double elapsed_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
