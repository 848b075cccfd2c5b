#include "importance/write_importance_matrix.h"

#include <cerrno>
#include <cstring>
#include <gguf.h>
#include <memory>

#include "job/input_error.h"

void write_importance_matrix(const std::string& path, const ActivationSums& sums, const std::string& dataset,
                             int32_t chunks, int32_t chunk_size) {
    size_t memory = 0;
    for (const auto& [weight, entry] : sums.entries()) {
        memory += 2 * (ggml_tensor_overhead() + GGML_MEM_ALIGN) + sizeof(float) * (entry.squares.size() + 1);
    }
    const ggml_init_params params = {memory, nullptr, false};
    const std::unique_ptr<ggml_context, decltype(&ggml_free)> tensors(ggml_init(params), ggml_free);
    const std::unique_ptr<gguf_context, decltype(&gguf_free)> gguf(gguf_init_empty(), gguf_free);
    gguf_set_val_str(gguf.get(), "general.type", "imatrix");
    const char* datasets[] = {dataset.c_str()};
    gguf_set_arr_str(gguf.get(), "imatrix.datasets", datasets, 1);
    gguf_set_val_u32(gguf.get(), "imatrix.chunk_count", static_cast<uint32_t>(chunks));
    gguf_set_val_u32(gguf.get(), "imatrix.chunk_size", static_cast<uint32_t>(chunk_size));
    for (const auto& [weight, entry] : sums.entries()) {
        const auto inputs = static_cast<int64_t>(entry.squares.size());
        ggml_tensor* squares = ggml_new_tensor_2d(tensors.get(), GGML_TYPE_F32, inputs, 1);
        ggml_tensor* tokens = ggml_new_tensor_2d(tensors.get(), GGML_TYPE_F32, 1, 1);
        ggml_format_name(squares, "%s.in_sum2", weight.c_str());
        ggml_format_name(tokens, "%s.counts", weight.c_str());
        for (size_t i = 0; i < entry.squares.size(); i++) {
            static_cast<float*>(squares->data)[i] = static_cast<float>(entry.squares[i]);
        }
        *static_cast<float*>(tokens->data) = static_cast<float>(entry.tokens);
        gguf_add_tensor(gguf.get(), squares);
        gguf_add_tensor(gguf.get(), tokens);
    }
    if (!gguf_write_to_file(gguf.get(), path.c_str(), false)) {
        throw InputError("cannot write " + path + ": " + std::strerror(errno));
    }
}
