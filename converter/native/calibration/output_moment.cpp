#include "calibration/output_moment.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include <ggml.h>

namespace mixllm {

namespace {

constexpr size_t most_rows = 1024; // of a group

struct RowRange {
    size_t begin;
    size_t end;

    size_t count() const { return end - begin; }
    size_t triangle() const { return count() * (count() + 1) / 2; }
};

std::vector<RowRange> cut(size_t rows) {
    const size_t groups = (rows + most_rows - 1) / most_rows;
    std::vector<RowRange> ranges;
    for (size_t group = 0; group < groups; group++) {
        ranges.push_back({group * rows / groups, (group + 1) * rows / groups});
    }
    return ranges;
}

} // namespace

OutputMoment::OutputMoment(size_t rows) : rows_(rows) {
    for (const RowRange& range : cut(rows)) {
        groups_.emplace_back(range.count());
    }
}

void OutputMoment::add(Engine& engine, const float* gradients, int64_t tokens) {
    const std::vector<RowRange> ranges = cut(rows_);
    std::vector<float> own;
    for (size_t group = 0; group < groups_.size(); group++) {
        const RowRange& range = ranges[group];
        own.resize(static_cast<size_t>(tokens) * range.count());
        engine.workers().for_each_block(static_cast<size_t>(tokens), 64, [&](size_t begin, size_t end) {
            for (size_t token = begin; token < end; token++) {
                std::copy_n(gradients + token * rows_ + range.begin, range.count(), own.data() + token * range.count());
            }
        });
        groups_[group].add(engine, own.data(), tokens);
    }
}

std::vector<uint16_t> OutputMoment::values() const {
    std::vector<uint16_t> values;
    values.reserve(count(rows_));
    for (const Hessian& group : groups_) {
        for (size_t i = 0; i < group.values().size(); i++) {
            for (size_t k = 0; k <= i; k++) {
                values.push_back(ggml_fp32_to_bf16(static_cast<float>(group.values().row(i)[k])).bits);
            }
        }
    }
    return values;
}

size_t OutputMoment::count(size_t rows) {
    size_t numbers = 0;
    for (const RowRange& range : cut(rows)) {
        numbers += range.triangle();
    }
    return numbers;
}

std::vector<RowChain> make_chains(const std::vector<uint16_t>& values, const std::vector<uint8_t>& is_8bit,
                                  const float* row_factors, const Workers& workers) {
    const std::vector<RowRange> ranges = cut(is_8bit.size());
    std::vector<size_t> begins{0};
    for (const RowRange& range : ranges) {
        begins.push_back(begins.back() + range.triangle());
    }
    std::vector<std::optional<RowChain>> made(ranges.size());
    workers.for_each(ranges.size(), [&](size_t group) {
        const RowRange& range = ranges[group];
        std::vector<size_t> rows(range.count());
        std::iota(rows.begin(), rows.end(), range.begin);
        Triangle moment(rows.size());
        size_t next = begins[group];
        for (size_t i = 0; i < rows.size(); i++) {
            for (size_t k = 0; k <= i; k++) {
                // Where a row is multiplied with a factor, the gradient at its output is divided by it.
                const double factor =
                    row_factors == nullptr ? 1.0 : static_cast<double>(row_factors[rows[i]]) * row_factors[rows[k]];
                moment.row(i)[k] = ggml_bf16_to_fp32({values[next++]}) / factor;
            }
        }
        made[group].emplace(rows, moment, is_8bit);
    });
    std::vector<RowChain> chains;
    for (std::optional<RowChain>& chain : made) {
        chains.push_back(std::move(*chain));
    }
    return chains;
}

} // namespace mixllm
