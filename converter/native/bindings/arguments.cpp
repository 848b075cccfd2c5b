#include "arguments.h"

#include <cmath>

#include "../gguf/tensor_type.h"

namespace mixllm {

ggml_type read_tensor_type(const Napi::Value& value) {
    const std::string name = value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
    const std::optional<ggml_type> type = find_tensor_type(name);
    if (!type.has_value()) {
        throw Napi::TypeError::New(value.Env(), "'" + name + "' is not a tensor type");
    }
    return *type;
}

size_t read_size(const Napi::Value& value, const char* what) {
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1.0;
    if (!(number >= 0.0 && number < 9007199254740992.0) || number != std::floor(number)) {
        throw Napi::TypeError::New(value.Env(), std::string(what) + " must be a non-negative integer");
    }
    return static_cast<size_t>(number);
}

unsigned char* read_buffer(const Napi::Value& value, size_t bytes, const char* what) {
    if (!value.IsTypedArray()) {
        throw Napi::TypeError::New(value.Env(), std::string(what) + " must be a typed array");
    }
    const Napi::TypedArray array = value.As<Napi::TypedArray>();
    if (array.ByteLength() != bytes) {
        throw Napi::TypeError::New(value.Env(), std::string(what) + " has " + std::to_string(array.ByteLength()) +
                                                    " bytes, expected " + std::to_string(bytes));
    }
    return static_cast<unsigned char*>(array.ArrayBuffer().Data()) + array.ByteOffset();
}

SourceRows read_source(const Napi::Object& source) {
    SourceRows rows;
    rows.type = read_tensor_type(source.Get("type"));
    if (rows.type != GGML_TYPE_F32 && rows.type != GGML_TYPE_F16 && rows.type != GGML_TYPE_BF16) {
        throw Napi::TypeError::New(source.Env(), "the source type must be f32, f16 or bf16");
    }
    rows.rows = read_size(source.Get("rows"), "rows");
    rows.columns = read_size(source.Get("columns"), "columns");
    rows.data = read_buffer(source.Get("data"), rows.rows * rows.row_bytes(), "the source data");
    return rows;
}

} // namespace mixllm
