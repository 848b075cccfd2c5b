#pragma once

#include <algorithm>

#include "layers/batch.h"
#include "layers/calibration.h"

namespace mixllm {

/// Calls `work(first sample, batch)` for all samples in turn, `calibration.batch_samples` at a time.
template <typename Work>
void for_each_batch(const Calibration& calibration, const Work& work) {
    for (int64_t first = 0; first < calibration.samples; first += calibration.batch_samples) {
        const Batch batch(calibration.length, std::min(calibration.batch_samples, calibration.samples - first));
        work(first, batch);
    }
}

} // namespace mixllm
