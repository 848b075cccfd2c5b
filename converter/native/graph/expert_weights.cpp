#include "graph/expert_weights.h"

#include "quantize/quantized_rows.h"
#include "quantize/rounding.h"

namespace mixllm {

void SourceExperts::load(int64_t expert, int64_t row, int64_t first, int64_t count, float* out) const {
    source_.load(static_cast<size_t>(expert) * channels_ + static_cast<size_t>(row), static_cast<size_t>(first),
                 static_cast<size_t>(count), out);
}

void load_rounding(const SourceRows& source, Rounded which, size_t row, float* out) {
    const SourceRows rounded = which == Rounded::own ? source.unscaled() : source;
    rounded.load(row, out);
    rounding_error(out, source.columns, out);
    if (which == Rounded::own) {
        source.scale(row, 0, source.columns, out);
    }
}

void RoundingExperts::load(int64_t expert, int64_t row, int64_t, int64_t, float* out) const {
    load_rounding(source_, which_, static_cast<size_t>(expert) * channels_ + static_cast<size_t>(row), out);
}

void PackedExperts::pack(size_t expert, const QuantizedLinear& quantized, const std::vector<uint8_t>& is_8bit) {
    const PackedWeight& own = experts_[expert];
    if (own.rows4 > 0) {
        pack_rows(quantized.rows4, own.packed4);
    }
    if (own.rows8() > 0) {
        pack_rows(quantized.rows8, own.packed8);
    }
    const std::vector<size_t> positions = QuantizedLinear::positions(is_8bit);
    for (size_t row = 0; row < is_8bit.size(); row++) {
        places_[expert].push_back({is_8bit[row] != 0, positions[row]});
    }
}

void PackedExperts::load(int64_t expert, int64_t row, int64_t first, int64_t count, float* out) const {
    const std::vector<Place>& places = places_[static_cast<size_t>(expert)];
    if (places.empty()) {
        source_.load(expert, row, first, count, out);
        return;
    }
    const PackedWeight& own = experts_[static_cast<size_t>(expert)];
    const Place& place = places[static_cast<size_t>(row)];
    if (place.is_8bit) {
        unpack_row(own.packed8, own.rows8(), inputs_, place.row, static_cast<size_t>(first), static_cast<size_t>(count),
                   out);
    } else {
        unpack_row(own.packed4, own.rows4, inputs_, place.row, static_cast<size_t>(first), static_cast<size_t>(count),
                   out);
    }
}

} // namespace mixllm
