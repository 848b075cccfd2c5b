#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#    include <sys/mman.h>
#    include <unistd.h>
#    define MIXLLM_GUARD_PAGES 1
#endif

// A copy of a vector whose last byte is the last of a readable page: reading past it stops the test at once, vector
// instructions included. Where the system has no mmap, a plain copy.
template <class T>
class GuardedCopy {
public:
    explicit GuardedCopy(const std::vector<T>& values) {
        const size_t bytes = values.size() * sizeof(T);
#ifdef MIXLLM_GUARD_PAGES
        const size_t page = (size_t)sysconf(_SC_PAGESIZE);
        const size_t room = (bytes + page - 1) / page * page;
        size = room + page;
        base = static_cast<char*>(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        if (base == MAP_FAILED || mprotect(base + room, page, PROT_NONE) != 0) {
            throw std::bad_alloc();
        }
        char* start = base + room - bytes;
        if (bytes != 0) {
            std::memcpy(start, values.data(), bytes);
        }
        first = reinterpret_cast<T*>(start);
#else
        copy = values;
        first = copy.data();
        (void)bytes;
#endif
    }

    ~GuardedCopy() {
#ifdef MIXLLM_GUARD_PAGES
        munmap(base, size);
#endif
    }

    GuardedCopy(const GuardedCopy&) = delete;
    GuardedCopy& operator=(const GuardedCopy&) = delete;

    const T* data() const {
        return first;
    }

private:
    T* first;
#ifdef MIXLLM_GUARD_PAGES
    char* base;
    size_t size;
#else
    std::vector<T> copy;
#endif
};
