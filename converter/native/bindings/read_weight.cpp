#include "bindings/read_weight.h"

#include <string>

#include "common/format/mixllm_format.h"

namespace mixllm {

ggml_type read_tensor_type(const Argument& name) {
    const std::string wanted = name.text();
    for (int i = 0; i < GGML_TYPE_COUNT; i++) {
        const ggml_type type = static_cast<ggml_type>(i);
        const char* candidate = ggml_type_name(type);
        // Retired ids keep a slot whose block size is 0.
        if (candidate != nullptr && ggml_blck_size(type) > 0 && wanted == candidate) {
            return type;
        }
    }
    name.fail("the name of a tensor type");
}

SourceRows read_source(const Argument& source) {
    SourceRows rows;
    rows.type = read_tensor_type(source["type"]);
    if (rows.type != GGML_TYPE_F32 && rows.type != GGML_TYPE_F16 && rows.type != GGML_TYPE_BF16 &&
        rows.type != GGML_TYPE_MXFP4) {
        source["type"].fail("f32, f16, bf16 or mxfp4");
    }
    rows.rows = source["rows"].integer<size_t>();
    rows.columns = source["columns"].integer<size_t>();
    if (rows.columns % static_cast<size_t>(ggml_blck_size(rows.type)) != 0) {
        source["columns"].fail("a multiple of " + std::to_string(ggml_blck_size(rows.type)) + " for this type");
    }
    const size_t most = (size_t{1} << 53) / sizeof(float);
    if (rows.columns > 0 && rows.rows > most / rows.columns) {
        source["rows"].fail("at most " + std::to_string(most / rows.columns) + " for so many columns");
    }
    rows.data = source["data"].numbers<uint8_t>(rows.rows * rows.row_bytes());
    const Argument column_factors = source["columnFactors"];
    if (column_factors.is_given()) {
        const Argument::Numbers<float> factors = column_factors.numbers<float>();
        rows.column_factor_blocks = rows.columns > 0 ? factors.count / rows.columns : 0;
        if (rows.column_factor_blocks == 0 || factors.count != rows.column_factor_blocks * rows.columns ||
            rows.rows % rows.column_factor_blocks != 0) {
            column_factors.fail("as many numbers as columns, or that for each of some equal parts of the rows");
        }
        rows.column_factors = factors.data;
    }
    const Argument row_factors = source["rowFactors"];
    rows.row_factors = row_factors.is_given() ? row_factors.numbers<float>(rows.rows) : nullptr;
    return rows;
}

std::vector<PackedWeight> read_packed(const Argument& components, const uint8_t* is_8bit, size_t experts,
                                      size_t outputs, size_t inputs) {
    std::vector<PackedWeight> packed(experts);
    const auto shape_of = [&](size_t rows4, size_t rows8, size_t stacked) {
        return mixllm_shape{static_cast<int64_t>(inputs), static_cast<int64_t>(rows4), static_cast<int64_t>(rows8),
                            static_cast<int64_t>(stacked)};
    };
    size_t all4 = 0;
    for (size_t e = 0; e < experts; e++) {
        packed[e].rows.resize(outputs);
        packed[e].rows4 = order_rows(is_8bit + e * outputs, outputs, packed[e].rows.data());
        all4 += packed[e].rows4;
        if (!mixllm_shape_valid(shape_of(packed[e].rows4, packed[e].rows8(), 1))) {
            components.fail(
                "the components of a weight with multiples of 16 rows of each width and of 32 columns, not of " +
                std::to_string(packed[e].rows4) + " 4-bit and " + std::to_string(packed[e].rows8()) +
                " 8-bit rows of " + std::to_string(inputs) + " columns");
        }
    }
    const mixllm_shape shape = shape_of(all4, experts * outputs - all4, experts);
    if (!mixllm_shape_valid(shape)) {
        components.fail("the components of a stack of at most " + std::to_string(MIXLLM_MAX_EXTENT) + " channels");
    }
    const auto bytes = [&](mixllm_component component) {
        return static_cast<size_t>(mixllm_component_bytes(shape, component));
    };
    const Packed4 all_packed4{components["w4"].bytes_of<uint8_t>(bytes(MIXLLM_W4)),
                              components["w4_scale"].bytes_of<uint16_t>(bytes(MIXLLM_W4_SCALE) / sizeof(uint16_t)),
                              components["w4_zero"].bytes_of<uint8_t>(bytes(MIXLLM_W4_ZERO))};
    const Packed8 all_packed8{components["w8"].bytes_of<int8_t>(bytes(MIXLLM_W8)),
                              components["w8_scale"].bytes_of<uint16_t>(bytes(MIXLLM_W8_SCALE) / sizeof(uint16_t))};
    pack_mask(is_8bit, experts * outputs, components["mask"].bytes_of<uint8_t>(bytes(MIXLLM_MASK)));
    int64_t before4 = 0;
    int64_t before8 = 0;
    for (PackedWeight& weight : packed) {
        // Each expert is a weight of its own, behind those before it.
        const auto offset = [&](mixllm_component component) {
            return static_cast<size_t>(mixllm_channel_bytes(static_cast<int64_t>(inputs), before4, before8, component));
        };
        weight.packed4 = {all_packed4.weights + offset(MIXLLM_W4),
                          all_packed4.scales + offset(MIXLLM_W4_SCALE) / sizeof(uint16_t),
                          all_packed4.zeros + offset(MIXLLM_W4_ZERO)};
        weight.packed8 = {all_packed8.weights + offset(MIXLLM_W8),
                          all_packed8.scales + offset(MIXLLM_W8_SCALE) / sizeof(uint16_t)};
        before4 += static_cast<int64_t>(weight.rows4);
        before8 += static_cast<int64_t>(weight.rows8());
    }
    return packed;
}

} // namespace mixllm
