#include "fiber.h"

#include <cstdlib>

namespace emulation {

static const size_t stack_words = 128 * 1024 / sizeof(uint64_t);

#if defined(__x86_64__) && !defined(_WIN32)

// Saves the callee-saved registers on the current stack, stores its pointer in *save and continues on `load`.
extern "C" void mixllm_emulation_switch(void** save, void* load);
asm(R"(
    .text
    .globl mixllm_emulation_switch
    .type mixllm_emulation_switch, @function
mixllm_emulation_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size mixllm_emulation_switch, .-mixllm_emulation_switch

    .globl mixllm_emulation_enter
    .type mixllm_emulation_enter, @function
mixllm_emulation_enter:
    movq %rbx, %rdi
    callq *%r12
    ud2
    .size mixllm_emulation_enter, .-mixllm_emulation_enter
)");
extern "C" void mixllm_emulation_enter();

Fiber::Fiber() : stack(stack_words) {}

void Fiber::start(void (*f)(void*), void* a) {
    function = f;
    argument = a;
    // What mixllm_emulation_switch pops: r15, r14, r13, r12, rbx, rbp and the return address.
    uint64_t* top = stack.data() + stack.size();
    top -= (reinterpret_cast<uintptr_t>(top) & 15) / sizeof(uint64_t);
    top -= 9; // the stack is aligned to 16 bytes once these 7 words are off it
    top[3] = reinterpret_cast<uint64_t>(&Fiber::enter);
    top[4] = reinterpret_cast<uint64_t>(this);
    top[5] = 0;
    top[6] = reinterpret_cast<uint64_t>(&mixllm_emulation_enter);
    inside = top;
}

void Fiber::run() {
    mixllm_emulation_switch(&outside, inside);
}

void Fiber::pause() {
    mixllm_emulation_switch(&inside, outside);
}

#else

Fiber::Fiber() : stack(stack_words) {}

void Fiber::start(void (*f)(void*), void* a) {
    function = f;
    argument = a;
    getcontext(&inside);
    inside.uc_stack.ss_sp = stack.data();
    inside.uc_stack.ss_size = stack.size() * sizeof(uint64_t);
    inside.uc_link = nullptr;
    const uint64_t self = reinterpret_cast<uint64_t>(this);
    // makecontext passes ints.
    makecontext(&inside, reinterpret_cast<void (*)()>(+[](unsigned high, unsigned low) {
        enter(reinterpret_cast<Fiber*>((uint64_t)high << 32 | low));
    }),
                2, (unsigned)(self >> 32), (unsigned)self);
}

void Fiber::run() {
    swapcontext(&outside, &inside);
}

void Fiber::pause() {
    swapcontext(&inside, &outside);
}

#endif

void Fiber::enter(Fiber* fiber) {
    fiber->function(fiber->argument);
    fiber->pause();
    std::abort(); // a finished fiber was run again
}

} // namespace emulation
