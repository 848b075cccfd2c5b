#pragma once

#include <stddef.h>
#include <stdint.h>
#include <vector>

#if !defined(__x86_64__) || defined(_WIN32)
#    include <ucontext.h>
#endif

namespace emulation {

// A stack of its own that run() continues until the function calls pause() or returns. The stack is kept for reuse.
class Fiber {
public:
    Fiber();
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    // Makes the next run() start `function(argument)` afresh; an unfinished earlier one is dropped. It must not throw.
    void start(void (*function)(void*), void* argument);

    // Called from outside: continues the fiber.
    void run();

    // Called from inside: returns to the caller of run().
    void pause();

private:
    static void enter(Fiber* fiber);

    std::vector<uint64_t> stack;
    void (*function)(void*) = nullptr;
    void* argument = nullptr;
#if defined(__x86_64__) && !defined(_WIN32)
    void* inside = nullptr; // stack pointers
    void* outside = nullptr;
#else
    ucontext_t inside;
    ucontext_t outside;
#endif
};

} // namespace emulation
