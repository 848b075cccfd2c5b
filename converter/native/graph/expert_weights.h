#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "differentiate/experts.h"
#include "quantize/pack_rows.h"
#include "quantize/quantized_rows.h"
#include "weights/source_rows.h"

namespace mixllm {

/// Stacked experts as they lie in the source file.
class SourceExperts : public ExpertRows {
public:
    /**
     * @param source `[experts * channels][inputs]`
     * @param workers of the job that the products are of, null for none
     */
    SourceExperts(const SourceRows& source, size_t channels, const Workers* workers)
        : source_(source), channels_(channels), workers_(workers) {}

    void load(int64_t expert, int64_t row, int64_t first, int64_t count, float* out) const override;

    bool canceled() const override { return workers_ != nullptr && workers_->canceled(); }

private:
    SourceRows source_;
    size_t channels_;
    const Workers* workers_;
};

/// Which weights are rounded: as they are equalized, or as the model has them.
enum class Rounded { equalized, own };

/// The change that plain 4-bit rounding makes to a row of weights, `q4(W) - W`; of the model's own times the factors
/// that equalize them, so that it multiplies the same inputs. @param out `[inputs]`
void load_rounding(const SourceRows& source, Rounded which, size_t row, float* out);

/// That change of experts' weights; read by whole rows.
class RoundingExperts : public ExpertRows {
public:
    /// As of `SourceExperts`.
    RoundingExperts(const SourceRows& source, Rounded which, size_t channels, const Workers* workers)
        : source_(source), which_(which), channels_(channels), workers_(workers) {}

    void load(int64_t expert, int64_t row, int64_t first, int64_t count, float* out) const override;

    bool canceled() const override { return workers_ != nullptr && workers_->canceled(); }

private:
    SourceRows source_;
    Rounded which_;
    size_t channels_;
    const Workers* workers_;
};

/// Stacked experts in the file's layout, as far as they are quantized; of the others the weights that they had.
class PackedExperts : public ExpertRows {
public:
    /**
     * @param source what experts are before they are packed; outlives this
     * @param experts where each goes
     */
    PackedExperts(const ExpertRows& source, std::vector<PackedWeight> experts, size_t inputs)
        : source_(source), experts_(std::move(experts)), inputs_(inputs), places_(experts_.size()) {}

    /// @param is_8bit one byte an output channel, nonzero for 8 bits
    void pack(size_t expert, const QuantizedLinear& quantized, const std::vector<uint8_t>& is_8bit);

    void load(int64_t expert, int64_t row, int64_t first, int64_t count, float* out) const override;

    bool canceled() const override { return source_.canceled(); }

private:
    /// Where an output channel is.
    struct Place {
        bool is_8bit;
        size_t row; ///< among those of its width
    };

    const ExpertRows& source_;
    std::vector<PackedWeight> experts_;
    size_t inputs_;
    std::vector<std::vector<Place>> places_; ///< by expert; empty for one that is not packed yet
};

} // namespace mixllm
