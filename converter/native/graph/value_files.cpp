#include "graph/value_files.h"

#include <algorithm>

namespace mixllm {

namespace {

/// Calls `move(place in the batch's order, place in the samples' order)` for each run of `layout.inner` floats.
template <typename Move>
void for_each_run(int64_t sequences, const SampleLayout& layout, const Move& move) {
    for (int64_t o = 0; o < layout.outer; o++) {
        for (int64_t s = 0; s < sequences; s++) {
            move((o * sequences + s) * layout.inner, (s * layout.outer + o) * layout.inner);
        }
    }
}

} // namespace

const std::vector<float>& ValueReader::read(int64_t first_sample, int64_t sequences, const SampleLayout& layout) {
    values_.resize(static_cast<size_t>(sequences * floats_));
    if (layout.outer == 1) {
        file_.read(first_sample * floats_, sequences * floats_, values_.data());
        return values_;
    }
    by_sample_.resize(values_.size());
    file_.read(first_sample * floats_, sequences * floats_, by_sample_.data());
    for_each_run(sequences, layout, [&](int64_t batch, int64_t sample) {
        std::copy_n(by_sample_.data() + sample, layout.inner, values_.data() + batch);
    });
    return values_;
}

float* ValueWriter::prepare(int64_t sequences) {
    values_.resize(static_cast<size_t>(sequences * floats_));
    return values_.data();
}

void ValueWriter::append(int64_t sequences, const SampleLayout& layout) {
    if (layout.outer == 1) {
        file_.append(values_.data(), sequences * floats_);
        return;
    }
    by_sample_.resize(values_.size());
    for_each_run(sequences, layout, [&](int64_t batch, int64_t sample) {
        std::copy_n(values_.data() + batch, layout.inner, by_sample_.data() + sample);
    });
    file_.append(by_sample_.data(), sequences * floats_);
}

} // namespace mixllm
