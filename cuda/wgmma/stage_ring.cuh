#pragma once

#include "ptx/mbarrier.cuh"
#include "wgmma/wgmma_shape.cuh"

// The stages in shared memory, filled one after another by the producing warp and emptied in the same order by the
// warps that multiply. Producer and consumers each have their own, and walk it in step.
class StageRing {
public:
    __device__ __forceinline__ StageRing()
        : full(barrier(0)), empty(barrier(WgmmaShape::STAGES)), stage(0), parity(0) {}

    // One thread, before a barrier of the block.
    __device__ __forceinline__ void init() const {
        for (int i = 0; i < WgmmaShape::STAGES; i++) {
            mbarrier_init(full + i, 1);
            mbarrier_init(empty + i, WgmmaShape::ROW_WARPS);
        }
        mbarrier_init_fence();
    }

    // The producer: waits until the stage is empty and fills it with a record.
    __device__ __forceinline__ void fill(Global<const uint8_t> record) {
        mbarrier_wait(empty + stage, parity ^ 1);
        mbarrier_arrive_expect(full + stage, WGMMA_RECORD_BYTES);
        bulk_copy(dynamic_shared() + stage * WGMMA_RECORD_BYTES, record, WGMMA_RECORD_BYTES, full + stage);
        advance();
    }

    // A consumer: waits until the stage is full.
    __device__ __forceinline__ Shared<const uint8_t> wait_full() const {
        mbarrier_wait(full + stage, parity);
        return (dynamic_shared() + stage * WGMMA_RECORD_BYTES).as<const uint8_t>();
    }

    // One lane of a consuming warp, when all lanes have done with the stage.
    __device__ __forceinline__ void give_back() const { mbarrier_arrive(empty + stage); }

    __device__ __forceinline__ void advance() {
        stage++;
        if (stage == WgmmaShape::STAGES) {
            stage = 0;
            parity ^= 1;
        }
    }

private:
    static __device__ __forceinline__ Shared<uint64_t> barrier(int i) {
        return (dynamic_shared() + (WgmmaShape::BARRIERS + 8 * i)).as<uint64_t>();
    }

    Shared<uint64_t> full, empty; // [STAGES]
    int stage;
    unsigned parity; // of the phase in which the stage is filled this time round
};
