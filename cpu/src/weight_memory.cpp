#include "../mixllm_cpu.h"

#include <new>

#if defined(__linux__)
#    include <sys/mman.h>
#endif

// The size of a huge page on x86-64 and, with pages of 4 KiB, on AArch64.
static const size_t alignment = 2u << 20;

extern "C" void* mixllm_cpu_allocate(size_t bytes) {
    void* memory = ::operator new(bytes, std::align_val_t(alignment), std::nothrow);
#if defined(__linux__)
    // A hint: without huge pages everything works as well, with more misses of the address translation cache.
    if (memory != nullptr) {
        madvise(memory, bytes / alignment * alignment, MADV_HUGEPAGE);
    }
#endif
    return memory;
}

extern "C" void mixllm_cpu_free(void* memory) {
    ::operator delete(memory, std::align_val_t(alignment), std::nothrow);
}
