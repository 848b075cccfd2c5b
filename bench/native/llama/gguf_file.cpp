#include "llama/gguf_file.h"

#include "common/native/job.h"
#include "common/native/llama_model.h"

namespace mixllm {

GgufFile::GgufFile(const std::string& path, Content content)
    : metadata_(nullptr, gguf_free), tensors_(nullptr, ggml_free) {
    capture_llama_log();
    take_llama_error();
    ggml_context* tensors = nullptr;
    const gguf_init_params params = {/*.no_alloc =*/content == Content::Shapes, /*.ctx =*/&tensors};
    metadata_.reset(gguf_init_from_file(path.c_str(), params));
    tensors_.reset(tensors);
    if (metadata_ == nullptr) {
        const std::string reason = take_llama_error();
        throw InputError("cannot read " + path + (reason.empty() ? "" : ": " + reason));
    }
}

uint32_t GgufFile::u32(const char* key, uint32_t fallback) const {
    const int64_t id = gguf_find_key(metadata(), key);
    if (id < 0 || gguf_get_kv_type(metadata(), id) != GGUF_TYPE_UINT32) {
        return fallback;
    }
    return gguf_get_val_u32(metadata(), id);
}

} // namespace mixllm
