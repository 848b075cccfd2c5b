#pragma once

#include <cstdint>
#include <ggml.h>
#include <gguf.h>
#include <memory>
#include <string>

namespace mixllm {

/// A GGUF file read through ggml: its metadata and either its tensors' shapes or the tensors whole.
class GgufFile {
public:
    enum class Content { Shapes, Data };

    /// @throws InputError when ggml cannot read the file
    GgufFile(const std::string& path, Content content);

    const gguf_context* metadata() const { return metadata_.get(); }

    /// Its tensors, to walk with `ggml_get_next_tensor`.
    ggml_context* tensors() const { return tensors_.get(); }

    /// The value of a u32 key, or `fallback` when it is absent or of another type.
    uint32_t u32(const char* key, uint32_t fallback) const;

private:
    std::unique_ptr<gguf_context, decltype(&gguf_free)> metadata_;
    std::unique_ptr<ggml_context, decltype(&ggml_free)> tensors_;
};

} // namespace mixllm
