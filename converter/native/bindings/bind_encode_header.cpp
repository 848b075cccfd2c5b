#include "bind_encode_header.h"

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "arguments.h"
#include "gguf.h"

namespace mixllm {

namespace {

using GgufContext = std::unique_ptr<gguf_context, decltype(&gguf_free)>;
using GgmlContext = std::unique_ptr<ggml_context, decltype(&ggml_free)>;

/// ggml takes C strings, which cannot hold a NUL character; anything else is passed as UTF-8.
std::string read_string(const Napi::Value& value) {
    const std::string text = value.As<Napi::String>().Utf8Value();
    if (text.find('\0') != std::string::npos) {
        throw Napi::Error::New(value.Env(), "a GGUF string cannot hold a NUL character");
    }
    return text;
}

template <typename Element, typename Read>
void set_number_array(gguf_context* context, const char* key, gguf_type type, const Napi::Array& values,
                      const Read& read) {
    std::vector<Element> elements(values.Length());
    for (uint32_t i = 0; i < values.Length(); i++) {
        elements[i] = read(values.Get(i));
    }
    gguf_set_arr_data(context, key, type, elements.data(), elements.size());
}

void set_array(gguf_context* context, const char* key, const std::string& type, const Napi::Array& values) {
    if (type == "string") {
        std::vector<std::string> texts(values.Length());
        std::vector<const char*> pointers(values.Length());
        for (uint32_t i = 0; i < values.Length(); i++) {
            texts[i] = read_string(values.Get(i));
            pointers[i] = texts[i].c_str();
        }
        gguf_set_arr_str(context, key, pointers.data(), pointers.size());
    } else if (type == "int32") {
        set_number_array<int32_t>(context, key, GGUF_TYPE_INT32, values,
                                  [](const Napi::Value& value) { return value.As<Napi::Number>().Int32Value(); });
    } else if (type == "float32") {
        set_number_array<float>(context, key, GGUF_TYPE_FLOAT32, values,
                                [](const Napi::Value& value) { return value.As<Napi::Number>().FloatValue(); });
    } else {
        throw Napi::TypeError::New(values.Env(), "metadata arrays of '" + type + "' are not supported");
    }
}

void set_value(gguf_context* context, const Napi::Object& entry) {
    const std::string key = read_string(entry.Get("key"));
    const std::string type = entry.Get("type").As<Napi::String>().Utf8Value();
    const Napi::Value value = entry.Get("value");

    if (type == "array") {
        set_array(context, key.c_str(), entry.Get("elementType").As<Napi::String>().Utf8Value(),
                  value.As<Napi::Array>());
    } else if (type == "string") {
        gguf_set_val_str(context, key.c_str(), read_string(value).c_str());
    } else if (type == "uint32") {
        gguf_set_val_u32(context, key.c_str(), value.As<Napi::Number>().Uint32Value());
    } else if (type == "int32") {
        gguf_set_val_i32(context, key.c_str(), value.As<Napi::Number>().Int32Value());
    } else if (type == "float32") {
        gguf_set_val_f32(context, key.c_str(), value.As<Napi::Number>().FloatValue());
    } else if (type == "bool") {
        gguf_set_val_bool(context, key.c_str(), value.As<Napi::Boolean>().Value());
    } else {
        throw Napi::TypeError::New(entry.Env(), "metadata of type '" + type + "' is not supported");
    }
}

void add_tensor(gguf_context* gguf, ggml_context* ggml, const Napi::Object& description) {
    const ggml_type type = read_tensor_type(description.Get("type"));
    const Napi::Array shape = description.Get("ne").As<Napi::Array>();
    const std::string name = read_string(description.Get("name"));
    if (name.size() >= GGML_MAX_NAME) {
        throw Napi::Error::New(description.Env(), "tensor name '" + name + "' is too long for GGUF");
    }
    if (shape.Length() < 1 || shape.Length() > GGML_MAX_DIMS) {
        throw Napi::TypeError::New(description.Env(), "tensor '" + name + "' must have 1 to 4 dimensions");
    }
    std::vector<int64_t> ne(shape.Length());
    for (uint32_t i = 0; i < shape.Length(); i++) {
        ne[i] = static_cast<int64_t>(read_size(shape.Get(i), "a tensor dimension"));
    }
    if (ne[0] % ggml_blck_size(type) != 0) {
        throw Napi::TypeError::New(description.Env(),
                                   "rows of tensor '" + name + "' do not fill whole blocks of " + ggml_type_name(type));
    }
    ggml_tensor* tensor = ggml_new_tensor(ggml, type, static_cast<int>(ne.size()), ne.data());
    ggml_set_name(tensor, name.c_str());
    gguf_add_tensor(gguf, tensor);
}

} // namespace

Napi::Value bind_encode_header(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const Napi::Array metadata = info[0].As<Napi::Array>();
    const Napi::Array tensors = info[1].As<Napi::Array>();

    const GgufContext gguf(gguf_init_empty(), gguf_free);
    const GgmlContext ggml(ggml_init({ggml_tensor_overhead() * (tensors.Length() + 1), nullptr, true}), ggml_free);

    for (uint32_t i = 0; i < metadata.Length(); i++) {
        set_value(gguf.get(), metadata.Get(i).As<Napi::Object>());
    }
    std::unordered_set<std::string> names;
    for (uint32_t i = 0; i < tensors.Length(); i++) {
        const Napi::Object description = tensors.Get(i).As<Napi::Object>();
        if (!names.insert(description.Get("name").As<Napi::String>().Utf8Value()).second) {
            throw Napi::TypeError::New(env, "two tensors share a name"); // gguf_add_tensor would abort the process
        }
        add_tensor(gguf.get(), ggml.get(), description);
    }

    const size_t size = gguf_get_meta_size(gguf.get());
    Napi::Uint8Array header = Napi::Uint8Array::New(env, size);
    gguf_get_meta_data(gguf.get(), header.Data());

    const Napi::Array offsets = Napi::Array::New(env, tensors.Length());
    for (uint32_t i = 0; i < tensors.Length(); i++) {
        offsets.Set(i, Napi::Number::New(env, static_cast<double>(gguf_get_tensor_offset(gguf.get(), i))));
    }
    const Napi::Object result = Napi::Object::New(env);
    result.Set("header", header);
    result.Set("offsets", offsets);
    return result;
}

} // namespace mixllm
