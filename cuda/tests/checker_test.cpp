// Proves that the emulation catches what it is there to catch: each kernel here has one fault, or none.

#include "emulation/launch.h"
#include "memory/global.cuh"
#include "memory/shared.cuh"
#include "ptx/cp_async.cuh"
#include "ptx/ldmatrix.cuh"
#include "ptx/mma.cuh"
#include "tests/device_array.h"
#include "tests/suite.h"

#include <cstdint>
#include <functional>

namespace {

constexpr unsigned threads = 64;

// Runs the kernel in `blocks` blocks with 1 KiB of shared memory; `expected` is part of the fault it must end with, or
// empty.
void expect(Suite& suite, const std::string& name, const std::string& expected, const std::function<void()>& kernel,
            unsigned blocks = 1) {
    suite.run(name, [&]() -> std::string {
        emulation::launch({blocks}, threads, 1024, kernel);
        cudaGetLastError();
        const std::string fault = emulation::last_fault();
        if (expected.empty()) {
            return fault.empty() ? "" : "was stopped: " + fault;
        }
        return fault.find(expected) != std::string::npos ? "" : "ended with \"" + fault + "\"";
    });
}

Shared<int> shared() {
    return dynamic_shared().as<int>();
}

int thread() {
    return (int)threadIdx.x;
}

} // namespace

void test_checker(Suite& suite) {
    const DeviceArray<int> zeros(std::vector<int>(threads, 0));
    const DeviceArray<int> unwritten(threads);
    const DeviceArray<int> out(threads);
    const Global<int> in(zeros.get());
    const Global<int> fresh(unwritten.get());
    const Global<int> to(out.get());
    const Global<const uint8_t> bytes = in.as<const uint8_t>();

    expect(suite, "neighbour's value after a barrier", "", [&] {
        shared().store(thread(), thread());
        __syncthreads();
        to.store((size_t)thread(), shared().load((thread() + 1) % (int)threads));
    });
    suite.run("neighbour's value is right", [&]() -> std::string {
        const std::vector<int> values = out.values();
        for (int i = 0; i < (int)threads; i++) {
            if (values[i] != (i + 1) % (int)threads) {
                return "thread " + std::to_string(i) + " got " + std::to_string(values[i]);
            }
        }
        return "";
    });
    expect(suite, "neighbour's value with no barrier", "reads what another thread wrote", [&] {
        shared().store(thread(), thread());
        // A shuffle makes the lanes take turns, but it orders no memory.
        __shfl_xor_sync(0xFFFFFFFF, 0, 1);
        shared().load(thread() ^ 1);
    });
    expect(suite, "overwrites what another read, with no barrier", "writes what another thread read", [&] {
        shared().store(thread(), thread());
        __syncthreads();
        shared().load(thread() ^ 1);
        __shfl_xor_sync(0xFFFFFFFF, 0, 1);
        shared().store(thread(), 1);
    });
    expect(suite, "two threads write one place", "writes what another thread wrote", [&] { shared().store(0, 1); });
    expect(suite, "shared memory never written", "reads what was never written", [&] { shared().load(thread()); });
    expect(suite, "past the end of shared memory", "of 1024 bytes of shared memory", [&] { shared().store(256, 1); });
    expect(suite, "before shared memory", "of 1024 bytes of shared memory", [&] { shared().store(-1, 1); });
    expect(suite, "misaligned shared memory", "misaligned", [&] { (dynamic_shared() + 2).as<int>().store(0, 1); });

    expect(suite, "past the end of an allocation", "of an allocation of 256 bytes", [&] { in.load(threads); });
    expect(suite, "past the end, by half of a vector", "of an allocation",
           [&] { (Global<uint8_t>(reinterpret_cast<uint8_t*>(zeros.get())) + 256).as<uint4>().load(0); });
    expect(suite, "misaligned global memory", "misaligned", [&] { (bytes + 1).as<const int>().load(0); });
    expect(suite, "global memory never written", "reads what was never written", [&] { fresh.load(0); });
    expect(
        suite, "two blocks write one place", "writes what another block", [&] { to.store((size_t)thread(), 1); }, 2);
    expect(
        suite, "a block reads what another wrote", "reads what another block",
        [&] {
            if (blockIdx.x == 0) {
                to.store((size_t)thread(), 1);
            } else {
                to.load((size_t)thread());
            }
        },
        2);
    expect(
        suite, "a block writes what another read", "writes what another block of the same launch read",
        [&] {
            if (blockIdx.x == 0) {
                in.load((size_t)thread());
            } else {
                in.store((size_t)thread(), 0);
            }
        },
        2);

    const auto copy = [&] { cp_async<16>(dynamic_shared() + 16 * thread(), bytes + 16 * (thread() % 16), 16); };
    expect(suite, "asynchronous copy, waited for", "", [&] {
        copy();
        cp_async_commit();
        cp_async_wait<0>();
        __syncthreads();
        shared().load((thread() * 4 + 4) % 256);
    });
    expect(suite, "asynchronous copy, not waited for", "has not been waited for", [&] {
        copy();
        cp_async_commit();
        shared().load(thread() * 4);
    });
    expect(suite, "asynchronous copy, one group too few waited for", "has not been waited for", [&] {
        copy();
        cp_async_commit();
        cp_async_wait<1>();
        shared().load(thread() * 4);
    });
    expect(suite, "asynchronous copy of another thread, no barrier", "reads what another thread wrote", [&] {
        copy();
        cp_async_commit();
        cp_async_wait<0>();
        __shfl_xor_sync(0xFFFFFFFF, 0, 1);
        shared().load((thread() ^ 1) * 4);
    });
    expect(suite, "asynchronous copy over what others still read", "writes what another thread read", [&] {
        for (int i = 0; i < 4; i++) {
            shared().store(thread() * 4 + i, 0);
        }
        __syncthreads();
        shared().load((thread() ^ 1) * 4);
        __shfl_xor_sync(0xFFFFFFFF, 0, 1);
        copy();
        cp_async_commit();
        cp_async_wait<0>();
    });
    expect(suite, "asynchronous copy never waited for", "never waited for", [&] {
        copy();
        cp_async_commit();
    });
    expect(suite, "asynchronous copy from past the end", "of an allocation",
           [&] { cp_async<16>(dynamic_shared() + 16 * thread(), bytes + 16 * (thread() + 16), 16); });

    expect(suite, "ldmatrix with no barrier", "reads what another thread wrote", [&] {
        shared().store(thread(), 1);
        uint32_t r[4];
        ldmatrix_x4(r, dynamic_shared().as<const uint8_t>() + 16 * (thread() % 8));
    });
    expect(suite, "overwrites what ldmatrix read", "writes what another thread read", [&] {
        shared().store(thread(), 1);
        __syncthreads();
        uint32_t r[4];
        ldmatrix_x4(r, dynamic_shared().as<const uint8_t>() + 16 * (thread() % 8));
        shared().store(thread(), 2);
    });

    expect(suite, "a barrier that half the block misses", "wait for ever", [&] {
        if (thread() < 32) {
            __syncthreads();
        }
    });
    expect(suite, "a shuffle that a lane misses", "wait for ever", [&] {
        if (thread() % 32 != 5) {
            __shfl_xor_sync(0xFFFFFFFF, 0, 1);
        }
    });
    expect(suite, "lanes at different operations", "while other lanes of its warp are at", [&] {
        if (thread() % 32 == 5) {
            const uint32_t a[4] = {}, b[2] = {};
            int32_t c[4] = {};
            mma_m16n8k32(c, a, b, c);
        } else {
            __shfl_xor_sync(0xFFFFFFFF, 0, 1);
        }
    });
}
