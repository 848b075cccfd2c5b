#include "importance/importance_matrix.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <gguf.h>
#include <memory>

#include "common/native/job.h"
#include "llama/gguf_file.h"

namespace mixllm {

namespace {

const std::string sums_suffix = ".in_sum2";
const std::string counts_suffix = ".counts";

bool ends_with(const std::string& text, const std::string& end) {
    return text.size() > end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::vector<float> means(const std::string& path, const std::string& weight, const ggml_tensor* sums,
                         const ggml_tensor* counts) {
    if (counts == nullptr || sums->type != GGML_TYPE_F32 || counts->type != GGML_TYPE_F32 ||
        ggml_nelements(counts) == 0 || ggml_nelements(sums) % ggml_nelements(counts) != 0) {
        throw InputError(path + " is not a whole importance matrix: the sums and counts of " + weight + " do not fit");
    }
    const auto* sum = static_cast<const float*>(sums->data);
    const auto* count = static_cast<const float*>(counts->data);
    const int64_t inputs = ggml_nelements(sums) / ggml_nelements(counts);
    std::vector<float> result(static_cast<size_t>(ggml_nelements(sums)));
    for (size_t i = 0; i < result.size(); i++) {
        const float tokens = count[i / static_cast<size_t>(inputs)];
        result[i] = tokens > 0 ? sum[i] / tokens : 1; // an expert no token went to: no input matters more than another
        if (!std::isfinite(result[i])) {
            throw InputError(path + " has a value for " + weight + " that is not a number");
        }
    }
    return result;
}

} // namespace

ImportanceMatrix read_importance_matrix(const std::string& path) {
    const GgufFile file(path, GgufFile::Content::Data);
    ImportanceMatrix matrix;
    for (ggml_tensor* sums = ggml_get_first_tensor(file.tensors()); sums != nullptr;
         sums = ggml_get_next_tensor(file.tensors(), sums)) {
        const std::string name = ggml_get_name(sums);
        if (!ends_with(name, sums_suffix)) {
            continue;
        }
        const std::string weight = name.substr(0, name.size() - sums_suffix.size());
        matrix.weights[weight] =
            means(path, weight, sums, ggml_get_tensor(file.tensors(), (weight + counts_suffix).c_str()));
    }
    if (matrix.weights.empty()) {
        throw InputError(path + " is not an importance matrix: it has no tensor that ends in " + sums_suffix);
    }
    matrix.chunks = file.u32("imatrix.chunk_count", 0);
    const int64_t datasets = gguf_find_key(file.metadata(), "imatrix.datasets");
    if (datasets >= 0 && gguf_get_kv_type(file.metadata(), datasets) == GGUF_TYPE_ARRAY &&
        gguf_get_arr_type(file.metadata(), datasets) == GGUF_TYPE_STRING &&
        gguf_get_arr_n(file.metadata(), datasets) > 0) {
        matrix.dataset = gguf_get_arr_str(file.metadata(), datasets, 0);
    }
    return matrix;
}

void write_importance_matrix(const std::string& path, const ActivationSums& sums, const std::string& dataset,
                             int32_t chunks, int32_t chunk_size) {
    size_t memory = 0;
    for (const auto& [weight, entry] : sums.entries()) {
        memory += 2 * (ggml_tensor_overhead() + GGML_MEM_ALIGN) +
                  sizeof(float) * (entry.squares.size() + entry.tokens.size());
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
        const auto experts = static_cast<int64_t>(entry.tokens.size());
        const int64_t inputs = static_cast<int64_t>(entry.squares.size()) / experts;
        ggml_tensor* squares = ggml_new_tensor_2d(tensors.get(), GGML_TYPE_F32, inputs, experts);
        ggml_tensor* tokens = ggml_new_tensor_2d(tensors.get(), GGML_TYPE_F32, 1, experts);
        ggml_format_name(squares, "%s.in_sum2", weight.c_str());
        ggml_format_name(tokens, "%s.counts", weight.c_str());
        for (size_t i = 0; i < entry.squares.size(); i++) {
            static_cast<float*>(squares->data)[i] = static_cast<float>(entry.squares[i]);
        }
        for (size_t e = 0; e < entry.tokens.size(); e++) {
            static_cast<float*>(tokens->data)[e] = static_cast<float>(entry.tokens[e]);
        }
        gguf_add_tensor(gguf.get(), squares);
        gguf_add_tensor(gguf.get(), tokens);
    }
    if (!gguf_write_to_file(gguf.get(), path.c_str(), false)) {
        throw InputError("cannot write " + path + ": " + std::strerror(errno));
    }
}

} // namespace mixllm
