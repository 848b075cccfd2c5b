#include "interpreter/block.h"

#include "interpreter/fault.h"

#include <algorithm>

namespace interpreter {

Block::Block(const Launch& launch, unsigned index)
    : launch(launch), index(index), late(launch.random() % 2 == 0), shared(launch.shared_bytes, launch.random),
      bulk_copies(shared), warpgroups((launch.threads + 127) / 128) {
    for (unsigned i = 0; i < launch.threads / WARP_LANES; i++) {
        warps.push_back(std::make_unique<Warp>(*this, i));
    }
}

void Block::run() {
    std::vector<Warp*> running;
    for (const auto& warp : warps) {
        running.push_back(warp.get());
    }
    // Turns are long or short for a while, so that warps also get far ahead of each other.
    const unsigned turn = 1u << launch.random() % 12;
    while (!running.empty()) {
        std::shuffle(running.begin(), running.end(), launch.random);
        bool progress = false;
        for (Warp* warp : running) {
            progress = warp->run(1 + (unsigned)(launch.random() % turn)) > 0 || progress;
            if (!late && bulk_copies.under_way() && launch.random() % 2 == 0) {
                bulk_copies.land(launch.random());
                progress = true;
            }
        }
        const auto ended = std::remove_if(running.begin(), running.end(), [](Warp* warp) { return warp->ended(); });
        running.erase(ended, running.end());
        if (progress) {
            continue;
        }
        if (!bulk_copies.under_way()) {
            std::string waiting;
            for (const auto& warp : warps) {
                waiting += "\n  warp " + std::to_string(warp->index) + ": " + (warp->ended() ? "ended" : warp->where());
            }
            throw Fault("every warp waits:" + waiting);
        }
        bulk_copies.land(launch.random());
    }
    if (bulk_copies.under_way()) {
        throw Fault("the block ended before its bulk copies");
    }
    for (const auto& warp : warps) {
        if (warp->products.started() != warpgroups[warp->index / 4].size()) {
            throw Fault("the warps of a warpgroup did not execute the same wgmma");
        }
    }
}

} // namespace interpreter
