#pragma once

#include "epilogue/finish_tile.cuh"
#include "layout/architecture.cuh"
#include "layout/row_pair_reader.cuh"
#include "ptx/float_rn.cuh"
#include "ptx/grid_dependency.cuh"
#include "ptx/half_to_float.cuh"
#include "ptx/named_barrier.cuh"
#include "ptx/register_budget.cuh"
#include "ptx/warp_sync.cuh"
#include "ptx/wgmma.cuh"
#include "tile/subtract_zero.cuh"
#include "wgmma/stage_ring.cuh"

// More than 64 tokens on sm_90a. The weights are wgmma's A operand, which may lie in registers: they come from memory
// straight into them, as RowPairs, and are unpacked there. The activations are B, in shared memory, where one thread
// has the TMA unit put them.
template <class Tiles>
struct WgmmaParameters {
    Tiles tiles;
    WgmmaActivations activations;
};

// Registers are given out by whole warpgroups: the one whose first thread brings the activations leaves its share to
// those that multiply.
enum { WGMMA_BLOCK_THREADS = WgmmaShape::THREADS + 128, WGMMA_PRODUCER_REGISTERS = 40, WGMMA_CONSUMER_REGISTERS = 232 };
static_assert(128 * WGMMA_PRODUCER_REGISTERS + WgmmaShape::THREADS * WGMMA_CONSUMER_REGISTERS <= 65536,
              "a multiprocessor's registers");

// Step k of a group as the A operand.
template <int BITS>
__device__ __forceinline__ void wgmma_fragment(uint32_t (&a)[4], const RowPair<BITS>& rows, int k,
                                               const uint32_t (&complement)[2]) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
        if constexpr (BITS == 4) {
            a[i] = subtract_zero(rows.w[i][0][k] & 0x0F0F0F0F, complement[i]);
            a[i + 2] = subtract_zero(rows.w[i][0][k] >> 4 & 0x0F0F0F0F, complement[i]);
        } else {
            a[i] = rows.w[i][0][k];
            a[i + 2] = rows.w[i][1][k];
        }
    }
}

// Adds one group to this thread's sums. shift: of the thread's rows in a byte of zero points.
template <int BITS>
__device__ __forceinline__ void wgmma_group(WarpSums<WgmmaShape>& sums, const RowPair<BITS>& rows, int shift,
                                            StageRing& ring) {
    const int lane = (int)threadIdx.x % 32;
    uint32_t complement[2] = {0, 0};
    if constexpr (BITS == 4) {
        complement[0] = zero_complement(rows.zero[0] >> shift & 15);
        complement[1] = zero_complement(rows.zero[1] >> shift & 15);
    }
    uint32_t a[4][4];
#pragma unroll
    for (int k = 0; k < 4; k++) {
        wgmma_fragment<BITS>(a[k], rows, k, complement);
    }
    const float s_w[2] = {half_to_float(rows.s_w[0]), half_to_float(rows.s_w[1])};
    // The bits of B = 12582912.0f = 1.5 * 2^23; with S added, read as a float, B + S.
    int32_t c[64];
#pragma unroll
    for (int i = 0; i < 64; i++) {
        c[i] = 0x4B400000;
    }
    const Shared<const uint8_t> stage = ring.wait_full();
    const uint64_t x = wgmma_operand(stage);
    wgmma_fence(c, a);
#pragma unroll
    for (int k = 0; k < 4; k++) {
        wgmma_m64n128k32(c, a[k], x + (uint64_t)(2 * k)); // 32 bytes on, in units of 16
    }
    wgmma_commit();
    wgmma_wait<0>(c);
    const Shared<const float4> scales = (stage + WGMMA_SCALES).as<const float4>();
#pragma unroll
    for (int n = 0; n < 16; n++) {
        const float4 pair = scales.load(4 * n + lane % 4);
        const float s_x[2] = {pair.x, pair.y}, offset[2] = {pair.z, pair.w};
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const float t = fma_rn(__int_as_float(c[4 * n + i]), s_x[i % 2], offset[i % 2]);
            sums[0][n][i] = fma_rn(t, s_w[i / 2], sums[0][n][i]);
        }
    }
    warp_sync();
    if (lane == 0) {
        ring.give_back();
    }
    ring.advance();
}

// Adds the groups of a job to this thread's sums.
template <int BITS, class Tiles>
__device__ __forceinline__ void wgmma_groups(WarpSums<WgmmaShape>& sums, const WgmmaParameters<Tiles>& p,
                                             const typename Tiles::Job& job, StageRing& ring) {
    const WeightPart& part = p.tiles.template part<BITS>(job);
    const int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;
    // A part's rows are a multiple of 16: a warp whose rows are not there takes the last 16, and stores nothing.
    const int first_row = min(job.first_row + warp * WgmmaShape::WARP_ROWS, part.n - WgmmaShape::WARP_ROWS);
    const int row = first_row + lane / 4;
    RowPairReader<BITS, 1> reader(part, p.tiles.n_inputs(), row, job.first_group, evict_normal_policy());
    RowPair<BITS> next[2]; // while one group is multiplied, the next two are on the way
    reader.load_next(next[0]);
    if (job.first_group + 1 < job.last_group) {
        reader.load_next(next[1]);
    }
    wait_for_kernels_before(); // only now may sums be written
    for (int group = job.first_group; group < job.last_group; group += 2) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
            if (group + i < job.last_group) {
                const RowPair<BITS> rows = next[i];
                if (group + i + 2 < job.last_group) {
                    reader.load_next(next[i]);
                }
                wgmma_group<BITS>(sums, rows, row % 2 * 4, ring);
            }
        }
    }
}

// Tiles: DenseTiles or ExpertTiles. Grid: its blocks, all resident at once; block: WGMMA_BLOCK_THREADS, the last 128 of
// which bring the activations.
template <class Tiles>
__global__ void __launch_bounds__(WGMMA_BLOCK_THREADS, 1)
    wgmma_kernel(const __grid_constant__ WgmmaParameters<Tiles> p) {
    if constexpr (HAS_WGMMA) {
        const int block = (int)blockIdx.x, thread = (int)threadIdx.x;
        StageRing ring;
        if (thread == 0) {
            ring.init();
        }
        __syncthreads();
        typename Tiles::template Schedule<WgmmaShape> schedule(p.tiles, block);
        typename Tiles::Job job;
        if (thread >= WgmmaShape::THREADS) {
            lower_register_budget<WGMMA_PRODUCER_REGISTERS>();
            // The activations come from the kernel before, which may have been running until now.
            wait_for_kernels_before();
            let_next_kernel_start();
            while (thread == WgmmaShape::THREADS && schedule.next(job)) {
                const int token_tile = job.first_token / WGMMA_TOKENS;
                for (int group = job.first_group; group < job.last_group; group++) {
                    const size_t record = (size_t)token_tile * (size_t)p.activations.groups + (size_t)group;
                    ring.fill(Global<const uint8_t>(p.activations.records + record * WGMMA_RECORD_BYTES));
                }
            }
            return;
        }
        raise_register_budget<WGMMA_CONSUMER_REGISTERS>();
        while (schedule.next(job)) {
            WarpSums<WgmmaShape> sums = {};
            if (job.is8) {
                wgmma_groups<8>(sums, p, job, ring);
            } else {
                wgmma_groups<4>(sums, p, job, ring);
            }
            finish_tile<WgmmaShape>(sums, p.tiles, job, block, (dynamic_shared() + WgmmaShape::SCATTER).as<float>(),
                                    [] { named_barrier<1, WgmmaShape::THREADS>(); });
        }
    }
}
