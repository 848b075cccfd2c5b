// Proves that the emulation catches what it is there to catch: each kernel here has one fault, or none.

#include "emulation/launch.h"
#include "memory/global.cuh"
#include "memory/shared.cuh"
#include "ptx/cp_async.cuh"
#include "ptx/grid_dependency.cuh"
#include "ptx/ldmatrix.cuh"
#include "ptx/mbarrier.cuh"
#include "ptx/mma.cuh"
#include "ptx/named_barrier.cuh"
#include "ptx/warp_sync.cuh"
#include "ptx/wgmma.cuh"
#include "tests/device_array.h"
#include "tests/suite.h"

#include <cstdint>
#include <functional>

namespace {

constexpr unsigned threads = 64;

// Runs the kernel; `expected` is part of the fault it must end with, or empty.
void expect(Suite& suite, const std::string& name, const std::string& expected, const std::function<void()>& kernel,
            unsigned blocks = 1, size_t shared_bytes = 1024, bool early = false) {
    suite.run(name, [&]() -> std::string {
        emulation::launch({blocks}, threads, shared_bytes, kernel, early);
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

    const auto named = [&] { named_barrier<1, 32>(); };
    expect(suite, "neighbour's value after a barrier of its warp", "", [&] {
        shared().store(thread(), thread());
        if (thread() < 32) {
            named();
            shared().load(thread() ^ 1);
        } else {
            warp_sync();
            shared().load(thread() ^ 1);
        }
    });
    expect(suite, "another warp's value after a barrier of one warp", "with no barrier between", [&] {
        shared().store(thread(), 0);
        __syncthreads();
        shared().store(thread(), thread());
        warp_sync();
        shared().load(thread() ^ 32);
    });

    // 256 bytes of stage at 0, mbarriers full and empty at 512.
    const auto full = [&] { return (dynamic_shared() + 512).as<uint64_t>(); };
    const auto empty = [&] { return (dynamic_shared() + 520).as<uint64_t>(); };
    const auto init = [&] {
        if (thread() == 0) {
            mbarrier_init(full(), 1);
            mbarrier_init(empty(), 1);
        }
        __syncthreads();
    };
    const auto fill = [&](unsigned expected) {
        mbarrier_arrive_expect(full(), expected);
        bulk_copy(dynamic_shared(), bytes, 256, full());
    };
    expect(suite, "bulk copies, each waited for", "", [&] {
        init();
        if (thread() == 32) {
            fill(256);
            mbarrier_wait(empty(), 0);
            fill(256);
        } else if (thread() < 32) {
            for (unsigned phase = 0; phase < 2; phase++) {
                mbarrier_wait(full(), phase);
                shared().load(thread());
                warp_sync();
                if (thread() == 0 && phase == 0) {
                    mbarrier_arrive(empty());
                }
            }
        }
    });
    expect(suite, "bulk copy over what a warp still reads", "may still read", [&] {
        init();
        if (thread() == 32) {
            fill(256);
            mbarrier_wait(empty(), 0);
            fill(256);
        } else if (thread() < 32) {
            mbarrier_wait(full(), 0);
            if (thread() == 0) {
                mbarrier_arrive(empty()); // the other lanes have not read yet
            }
            shared().load(thread());
            warp_sync();
            mbarrier_wait(full(), 1);
        }
    });
    expect(suite, "bulk copy not waited for", "has not been waited for", [&] {
        init();
        if (thread() == 0) {
            fill(256);
            shared().load(0);
        }
    });
    expect(suite, "bulk copy of fewer bytes than expected", "wait for ever", [&] {
        init();
        if (thread() == 0) {
            fill(512);
        }
        mbarrier_wait(full(), 0);
    });
    expect(suite, "bulk copy that another thread waited for", "reads what another thread wrote", [&] {
        init();
        if (thread() == 0) {
            fill(256);
            mbarrier_wait(full(), 0);
        } else if (thread() == 1) {
            shared().load(0);
        }
    });
    expect(suite, "an mbarrier nobody made known", "cannot know to be initialized", [&] {
        if (thread() == 0) {
            mbarrier_init(full(), 64);
        }
        mbarrier_arrive(full());
    });
    expect(suite, "wgmma never waited for", "products it never waited for", [&] {
        int32_t sums[64] = {};
        uint32_t a[1][4] = {};
        wgmma_fence(sums, a);
        wgmma_m64n128k32(sums, a[0], wgmma_operand(dynamic_shared().as<const uint8_t>()));
        wgmma_commit();
    });
    // Two products after one fence; a thread touches its sums or its A at one of these moments.
    enum class Moment { never, fenced, under_way, between };
    const auto touching = [&](const char* name, const char* problem, Moment moment, int32_t to_sum, uint32_t to_a) {
        const auto kernel = [=] {
            for (int i = 0; i < 64; i++) {
                shared().store(thread() * 64 + i, 0);
            }
            __syncthreads();
            int32_t sums[64] = {};
            uint32_t a[1][4] = {};
            const auto touch = [&](Moment now) {
                sums[5] += now == moment ? to_sum : 0;
                a[0][1] += now == moment ? to_a : 0;
            };
            wgmma_fence(sums, a);
            touch(Moment::fenced);
            for (int i = 0; i < 2; i++) {
                wgmma_m64n128k32(sums, a[0], wgmma_operand(dynamic_shared().as<const uint8_t>()));
                wgmma_commit();
                touch(Moment::under_way);
                wgmma_wait<0>(sums);
                touch(Moment::between);
            }
        };
        expect(suite, name, problem, kernel, 1, 64 * 64 * 4);
    };
    touching("wgmma, registers left alone", "", Moment::never, 1, 1);
    touching("wgmma, sums touched after the fence", "sums that were touched", Moment::fenced, 1, 0);
    touching("wgmma, A touched after the fence", "A that was touched", Moment::fenced, 0, 1);
    touching("wgmma, sums touched under way", "sums that were touched", Moment::under_way, 1, 0);
    touching("wgmma, A touched under way", "A that was touched", Moment::under_way, 0, 1);
    touching("wgmma, sums touched before another product", "sums that were touched", Moment::between, 1, 0);
    touching("wgmma, A touched before another product", "A that was touched", Moment::between, 0, 1);
    expect(suite, "wgmma without a fence", "since the last fence", [&] {
        int32_t sums[64] = {};
        const uint32_t a[4] = {};
        wgmma_m64n128k32(sums, a, wgmma_operand(dynamic_shared().as<const uint8_t>()));
    });
    expect(suite, "wgmma past the end of shared memory", "reads 4 bytes at offset", [&] {
        for (int i = 0; i < 4; i++) {
            shared().store(thread() * 4 + i, 0);
        }
        __syncthreads();
        int32_t sums[64] = {};
        uint32_t a[1][4] = {};
        wgmma_fence(sums, a);
        wgmma_m64n128k32(sums, a[0], wgmma_operand(dynamic_shared().as<const uint8_t>()));
        wgmma_commit();
        wgmma_wait<0>(sums);
    });

    const auto expect_early = [&](const char* name, const char* problem, const std::function<void()>& kernel) {
        expect(suite, name, problem, kernel, 1, 1024, true);
    };
    const Global<int> from_kernel = to; // written by kernels above
    expect_early("an early start", "", [&] {
        in.load((size_t)thread());
        wait_for_kernels_before();
        let_next_kernel_start();
        to.store((size_t)thread(), from_kernel.load((size_t)thread()));
    });
    expect_early("an early start that never waits", "ends without having waited", [] {});
    expect_early("an early read of what a kernel wrote", "reads what a kernel before wrote", [&] {
        from_kernel.load((size_t)thread());
        wait_for_kernels_before();
    });
    expect_early("an early write", "writes global memory without having waited", [&] {
        to.store((size_t)thread(), 0);
        wait_for_kernels_before();
    });
    expect_early("a third kernel at a time", "lets the next kernel start before", [&] {
        let_next_kernel_start();
        wait_for_kernels_before();
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
