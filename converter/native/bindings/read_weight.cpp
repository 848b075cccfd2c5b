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
    if (rows.type != GGML_TYPE_F32 && rows.type != GGML_TYPE_F16 && rows.type != GGML_TYPE_BF16) {
        source["type"].fail("f32, f16 or bf16");
    }
    rows.rows = source["rows"].integer<size_t>();
    rows.columns = source["columns"].integer<size_t>();
    const size_t most = (size_t{1} << 53) / sizeof(float);
    if (rows.columns > 0 && rows.rows > most / rows.columns) {
        source["rows"].fail("at most " + std::to_string(most / rows.columns) + " for so many columns");
    }
    rows.data = source["data"].numbers<uint8_t>(rows.rows * rows.row_bytes());
    return rows;
}

PackedWeight read_packed(const Argument& components, const uint8_t* is_8bit, size_t outputs, size_t inputs) {
    PackedWeight packed{};
    packed.rows.resize(outputs);
    packed.rows4 = order_rows(is_8bit, outputs, packed.rows.data());
    const size_t rows8 = outputs - packed.rows4;
    const mixllm_shape shape = {static_cast<int64_t>(inputs), static_cast<int64_t>(packed.rows4),
                                static_cast<int64_t>(rows8), 1};
    if (!mixllm_shape_valid(shape)) {
        components.fail(
            "the components of a weight with multiples of 16 rows of each width and of 32 columns, not of " +
            std::to_string(packed.rows4) + " 4-bit and " + std::to_string(rows8) + " 8-bit rows of " +
            std::to_string(inputs) + " columns");
    }
    const auto bytes = [&](mixllm_component component) {
        return static_cast<size_t>(mixllm_component_bytes(shape, component));
    };
    packed.packed4 = {components["w4"].bytes_of<uint8_t>(bytes(MIXLLM_W4)),
                      components["w4_scale"].bytes_of<uint16_t>(bytes(MIXLLM_W4_SCALE) / sizeof(uint16_t)),
                      components["w4_zero"].bytes_of<uint8_t>(bytes(MIXLLM_W4_ZERO))};
    packed.packed8 = {components["w8"].bytes_of<int8_t>(bytes(MIXLLM_W8)),
                      components["w8_scale"].bytes_of<uint16_t>(bytes(MIXLLM_W8_SCALE) / sizeof(uint16_t))};
    pack_mask(is_8bit, outputs, components["mask"].bytes_of<uint8_t>(bytes(MIXLLM_MASK)));
    return packed;
}

} // namespace mixllm
