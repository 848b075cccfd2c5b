#include "common/native/arguments.h"

#include <cmath>
#include <utility>

namespace mixllm {

namespace {

const char* array_name(napi_typedarray_type type) {
    switch (type) {
    case napi_uint8_array:
        return "Uint8Array";
    case napi_int32_array:
        return "Int32Array";
    case napi_float32_array:
        return "Float32Array";
    case napi_float64_array:
        return "Float64Array";
    default:
        return "typed array";
    }
}

/// The value as a message shows it: scalars by their value, all else by its kind.
std::string describe(const Napi::Value& value) {
    if (value.IsString()) {
        return "\"" + value.As<Napi::String>().Utf8Value() + "\"";
    }
    if (value.IsTypedArray()) {
        const Napi::TypedArray array = value.As<Napi::TypedArray>();
        return std::string("a ") + array_name(array.TypedArrayType()) + " of " + std::to_string(array.ElementLength());
    }
    if (value.IsArray()) {
        return "an array";
    }
    if (value.IsFunction()) {
        return "a function";
    }
    if (value.IsObject() || value.IsExternal() || value.IsSymbol()) {
        return "an object";
    }
    return value.ToString().Utf8Value(); // undefined, null, a boolean or a number
}

} // namespace

Argument::Argument(const Napi::Value& value, std::string name) : value_(value), name_(std::move(name)) {}

void Argument::fail(const std::string& expected) const {
    throw Napi::TypeError::New(value_.Env(), name_ + " must be " + expected + ", not " + describe(value_));
}

Argument Argument::operator[](const std::string& property) const {
    if (!value_.IsObject()) {
        fail("an object");
    }
    return {value_.As<Napi::Object>().Get(property), name_ + "." + property};
}

bool Argument::is_given() const {
    return !value_.IsUndefined() && !value_.IsNull();
}

int64_t Argument::integer_between(int64_t least, int64_t most) const {
    const double number = value_.IsNumber() ? value_.As<Napi::Number>().DoubleValue() : std::nan("");
    if (!(number >= static_cast<double>(least) && number <= static_cast<double>(most)) ||
        number != std::floor(number)) {
        fail("an integer from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return static_cast<int64_t>(number);
}

double Argument::number() const {
    if (!value_.IsNumber() || !std::isfinite(value_.As<Napi::Number>().DoubleValue())) {
        fail("a finite number");
    }
    return value_.As<Napi::Number>().DoubleValue();
}

bool Argument::flag() const {
    if (!value_.IsBoolean()) {
        fail("true or false");
    }
    return value_.As<Napi::Boolean>().Value();
}

std::string Argument::text() const {
    if (!value_.IsString()) {
        fail("a string");
    }
    return value_.As<Napi::String>().Utf8Value();
}

std::vector<std::string> Argument::texts() const {
    if (!value_.IsArray()) {
        fail("an array of strings");
    }
    const Napi::Array array = value_.As<Napi::Array>();
    std::vector<std::string> result;
    result.reserve(array.Length());
    for (uint32_t i = 0; i < array.Length(); i++) {
        result.push_back(Argument(array.Get(i), name_ + "[" + std::to_string(i) + "]").text());
    }
    return result;
}

std::string Argument::bytes_as_text() const {
    const Numbers<uint8_t> bytes = numbers<uint8_t>();
    return {reinterpret_cast<const char*>(bytes.data), bytes.count};
}

unsigned char* Argument::typed_array(napi_typedarray_type type, size_t alignment) const {
    if (!value_.IsTypedArray() || value_.As<Napi::TypedArray>().TypedArrayType() != type) {
        fail(std::string("a ") + array_name(type));
    }
    const Napi::TypedArray array = value_.As<Napi::TypedArray>();
    if (array.ByteOffset() % alignment != 0) {
        fail(std::string("a ") + array_name(type) + " at a multiple of " + std::to_string(alignment) + " bytes");
    }
    return static_cast<unsigned char*>(array.ArrayBuffer().Data()) + array.ByteOffset();
}

void Argument::expect_count(size_t found, size_t wanted) const {
    if (found != wanted) {
        fail(std::string("a ") + array_name(value_.As<Napi::TypedArray>().TypedArrayType()) + " of " +
             std::to_string(wanted));
    }
}

} // namespace mixllm
