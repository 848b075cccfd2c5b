#include "tests/instruction_kernels.h"

#include "dispatch/launch.cuh"
#include "layout/architecture.cuh"
#include "memory/global.cuh"
#include "memory/shared.cuh"
#include "ptx/cp_async.cuh"
#include "ptx/dp4a.cuh"
#include "ptx/grid_dependency.cuh"
#include "ptx/ldmatrix.cuh"
#include "ptx/load_streaming.cuh"
#include "ptx/mbarrier.cuh"
#include "ptx/mma.cuh"
#include "ptx/named_barrier.cuh"
#include "ptx/warp_match.cuh"
#include "ptx/warp_reduce.cuh"
#include "ptx/warp_sync.cuh"
#include "ptx/wgmma.cuh"

namespace {

struct Buffers {
    const uint32_t* in;
    uint32_t* out;
};

__global__ void dp4a_kernel(const __grid_constant__ Buffers buffers) {
    const Global<const uint32_t> in(buffers.in);
    const size_t i = threadIdx.x;
    Global<uint32_t>(buffers.out).store(i, (uint32_t)dp4a(in.load(i), in.load(32 + i), (int32_t)in.load(64 + i)));
}

__global__ void warp_reduce_kernel(const __grid_constant__ Buffers buffers) {
    const Global<uint32_t> out(buffers.out);
    const size_t i = threadIdx.x;
    const uint32_t value = Global<const uint32_t>(buffers.in).load(i);
    out.store(i, warp_max(value));
    out.store(32 + i, (uint32_t)warp_sum((int32_t)value));
}

__global__ void warp_match_kernel(const __grid_constant__ Buffers buffers) {
    const size_t i = threadIdx.x;
    Global<uint32_t>(buffers.out).store(i, warp_match(Global<const uint32_t>(buffers.in).load(i) % 8));
}

__global__ void load_streaming_kernel(const __grid_constant__ Buffers buffers) {
    const size_t i = threadIdx.x;
    const Global<const uint8_t> from = (Global<const uint32_t>(buffers.in) + 4 * i).as<const uint8_t>();
    for (int policy = 0; policy < 2; policy++) {
        uint32_t words[4];
        load_streaming(words, from, policy == 0 ? evict_first_policy() : evict_normal_policy());
        for (int word = 0; word < 4; word++) {
            Global<uint32_t>(buffers.out).store((size_t)(128 * policy + word) + 4 * i, words[word]);
        }
    }
}

// Takes its time, and lets the next kernel start before.
__global__ void slow_kernel(const __grid_constant__ Buffers buffers) {
    wait_for_kernels_before();
    let_next_kernel_start();
    const size_t i = threadIdx.x;
    uint32_t value = Global<const uint32_t>(buffers.in).load(i);
    for (int round = 0; round < 20000; round++) {
        value = (uint32_t)dp4a(value, value, round);
    }
    Global<uint32_t>(buffers.out).store(i, value);
}

// Reads what slow_kernel writes.
__global__ void next_kernel(const __grid_constant__ Buffers buffers) {
    const size_t i = threadIdx.x;
    const uint32_t before = Global<const uint32_t>(buffers.in).load(i);
    wait_for_kernels_before();
    let_next_kernel_start();
    const Global<uint32_t> out(buffers.out);
    out.store(32 + i, before ^ out.load(31 - i));
}

// Warps 0 and 2 exchange their values over and over, warp 1 stays away.
__global__ void named_barrier_kernel(const __grid_constant__ Buffers buffers) {
    const int thread = (int)threadIdx.x;
    const Shared<uint32_t> values = dynamic_shared().as<uint32_t>();
    if (thread / 32 == 1) {
        return;
    }
    const int mine = thread % 32 + thread / 64 * 32;
    uint32_t value = Global<const uint32_t>(buffers.in).load((size_t)mine);
    for (int round = 0; round < 9; round++) {
        values.store(mine, value);
        named_barrier<3, 64>();
        value = values.load(63 - mine) + (uint32_t)round;
        named_barrier<3, 64>();
    }
    Global<uint32_t>(buffers.out).store((size_t)mine, value);
}

__global__ void ldmatrix_kernel(const __grid_constant__ Buffers buffers) {
    if constexpr (HAS_INT8_MMA) {
        const int lane = (int)threadIdx.x;
        const Shared<uint32_t> words = dynamic_shared().as<uint32_t>();
        for (int i = 0; i < 4; i++) {
            words.store(32 * i + lane, Global<const uint32_t>(buffers.in).load((size_t)(32 * i + lane)));
        }
        __syncthreads();
        uint32_t r[4];
        ldmatrix_x4(r, (dynamic_shared() + 16 * lane).as<const uint8_t>());
        for (int i = 0; i < 4; i++) {
            Global<uint32_t>(buffers.out).store((size_t)(4 * lane + i), r[i]);
        }
    }
}

__global__ void mma_kernel(const __grid_constant__ Buffers buffers) {
    if constexpr (HAS_INT8_MMA) {
        const int lane = (int)threadIdx.x, g = lane / 4, t = lane % 4;
        const Global<const uint32_t> a_rows(buffers.in), b_columns = a_rows + 128, c_rows = b_columns + 64;
        uint32_t a[4], b[2];
        int32_t c[4], d[4];
        for (int i = 0; i < 4; i++) {
            a[i] = a_rows.load((size_t)((g + i % 2 * 8) * 8 + i / 2 * 4 + t));
            c[i] = (int32_t)c_rows.load((size_t)((g + i / 2 * 8) * 8 + 2 * t + i % 2));
        }
        for (int i = 0; i < 2; i++) {
            b[i] = b_columns.load((size_t)(g * 8 + i * 4 + t));
        }
        mma_m16n8k32(d, a, b, c);
        for (int i = 0; i < 4; i++) {
            Global<uint32_t>(buffers.out).store((size_t)((g + i / 2 * 8) * 8 + 2 * t + i % 2), (uint32_t)d[i]);
        }
    }
}

// Groups of copies that are waited for one after another; each lane reads what its neighbour copied.
__global__ void cp_async_kernel(const __grid_constant__ Buffers buffers) {
    if constexpr (HAS_INT8_MMA) {
        const int lane = (int)threadIdx.x, neighbour = (lane + 1) % 32;
        const Shared<uint32_t> words = dynamic_shared().as<uint32_t>();
        const Global<const uint8_t> from = Global<const uint32_t>(buffers.in).as<const uint8_t>();
        for (int group = 0; group < 4; group++) {
            const int at = 512 * group + 16 * lane;
            if (group < 3) {
                cp_async<16>(dynamic_shared() + at, from + (size_t)at, group == 1 ? lane % 5 * 4 : 16);
            } else {
                cp_async<8>(dynamic_shared() + at, from + (size_t)at, 8);
                cp_async<8>(dynamic_shared() + (at + 8), from + (size_t)(at + 8), lane % 3 * 4);
            }
            cp_async_commit();
        }
        const auto read = [&](int group) {
            __syncthreads();
            for (int i = 0; i < 4; i++) {
                const int word = 128 * group + 4 * neighbour + i;
                Global<uint32_t>(buffers.out).store((size_t)word, words.load(word));
            }
        };
        cp_async_wait<3>();
        read(0);
        cp_async_wait<2>();
        read(1);
        cp_async_wait<0>();
        read(2);
        read(3);
    }
}

// A ring of two stages of 1 KiB, filled by thread 0 and emptied by warp 1.
__global__ void bulk_copy_kernel(const __grid_constant__ Buffers buffers) {
    if constexpr (HAS_WGMMA) {
        const int thread = (int)threadIdx.x;
        const Shared<uint64_t> full = (dynamic_shared() + 2048).as<uint64_t>(), empty = full + 2;
        if (thread == 0) {
            for (int i = 0; i < 2; i++) {
                mbarrier_init(full + i, 1);
                mbarrier_init(empty + i, 1);
            }
            mbarrier_init_fence();
        }
        __syncthreads();
        for (int i = 0; i < 7; i++) {
            const int stage = i % 2;
            const unsigned parity = (unsigned)(i / 2 % 2);
            if (thread == 0) {
                mbarrier_wait(empty + stage, parity ^ 1);
                mbarrier_arrive_expect(full + stage, 1024);
                const Global<const uint8_t> from = Global<const uint32_t>(buffers.in).as<const uint8_t>();
                bulk_copy(dynamic_shared() + 1024 * stage, from + (size_t)(1024 * i), 1024, full + stage);
            } else if (thread >= 32) {
                mbarrier_wait(full + stage, parity);
                for (int word = thread - 32; word < 256; word += 32) {
                    Global<uint32_t>(buffers.out)
                        .store((size_t)(256 * i + word), (dynamic_shared() + 1024 * stage).as<uint32_t>().load(word));
                }
                warp_sync();
                if (thread == 32) {
                    mbarrier_arrive(empty + stage);
                }
            }
        }
    }
}

__global__ void __launch_bounds__(128, 1) wgmma_test_kernel(const __grid_constant__ Buffers buffers) {
    if constexpr (HAS_WGMMA) {
        const int thread = (int)threadIdx.x, lane = thread % 32, g = lane / 4, t = lane % 4;
        const Global<const uint32_t> a_rows(buffers.in), b_tile = a_rows + 64 * 32, c_rows = b_tile + 128 * 32;
        const Shared<uint64_t> barrier = (dynamic_shared() + 16384).as<uint64_t>();
        if (thread == 0) {
            mbarrier_init(barrier, 1);
            mbarrier_init_fence();
        }
        __syncthreads();
        if (thread == 0) {
            mbarrier_arrive_expect(barrier, 16384);
            bulk_copy(dynamic_shared(), b_tile.as<const uint8_t>(), 16384, barrier);
        }
        const int row = thread / 32 * 16 + g;
        uint32_t a[4][4];
        int32_t sums[64];
#pragma unroll
        for (int k = 0; k < 4; k++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                a[k][i] = a_rows.load((size_t)((row + i % 2 * 8) * 32 + 8 * k + i / 2 * 4 + t));
            }
        }
#pragma unroll
        for (int i = 0; i < 64; i++) {
            sums[i] = (int32_t)c_rows.load((size_t)((row + i % 4 / 2 * 8) * 128 + i / 4 * 8 + 2 * t + i % 2));
        }
        mbarrier_wait(barrier, 0);
        const uint64_t b = wgmma_operand(dynamic_shared().as<const uint8_t>());
        wgmma_fence(sums, a);
#pragma unroll
        for (int k = 0; k < 4; k++) {
            wgmma_m64n128k32(sums, a[k], b + (uint64_t)(2 * k));
        }
        wgmma_commit();
        wgmma_wait<0>(sums);
#pragma unroll
        for (int i = 0; i < 64; i++) {
            const size_t at = (size_t)((row + i % 4 / 2 * 8) * 128 + i / 4 * 8 + 2 * t + i % 2);
            Global<uint32_t>(buffers.out).store(at, (uint32_t)sums[i]);
        }
    }
}

cudaError_t run(void (*kernel)(Buffers), unsigned threads, const uint32_t* in, uint32_t* out) {
    // As much shared memory as the largest takes.
    const mixllm_cuda_device any = {75, 1, false};
    return launch(any, kernel, 1, threads, 16384 + 16, nullptr, Buffers{in, out});
}

} // namespace

cudaError_t run_dp4a(const uint32_t* in, uint32_t* out) {
    return run(dp4a_kernel, 32, in, out);
}

cudaError_t run_warp_reduce(const uint32_t* in, uint32_t* out) {
    return run(warp_reduce_kernel, 32, in, out);
}

cudaError_t run_warp_match(const uint32_t* in, uint32_t* out) {
    return run(warp_match_kernel, 32, in, out);
}

cudaError_t run_load_streaming(const uint32_t* in, uint32_t* out) {
    return run(load_streaming_kernel, 32, in, out);
}

cudaError_t run_grid_dependency(const uint32_t* in, uint32_t* out) {
    const mixllm_cuda_device hopper = {90, 1, false};
    const cudaError_t error = launch(hopper, slow_kernel, 1, 32, 0, nullptr, Buffers{in, out});
    return error != cudaSuccess ? error : launch(hopper, next_kernel, 1, 32, 0, nullptr, Buffers{in, out});
}

cudaError_t run_named_barrier(const uint32_t* in, uint32_t* out) {
    return run(named_barrier_kernel, 96, in, out);
}

cudaError_t run_ldmatrix(const uint32_t* in, uint32_t* out) {
    return run(ldmatrix_kernel, 32, in, out);
}

cudaError_t run_mma(const uint32_t* in, uint32_t* out) {
    return run(mma_kernel, 32, in, out);
}

cudaError_t run_cp_async(const uint32_t* in, uint32_t* out) {
    return run(cp_async_kernel, 32, in, out);
}

cudaError_t run_bulk_copy(const uint32_t* in, uint32_t* out) {
    return run(bulk_copy_kernel, 64, in, out);
}

cudaError_t run_wgmma(const uint32_t* in, uint32_t* out) {
    return run(wgmma_test_kernel, 128, in, out);
}
