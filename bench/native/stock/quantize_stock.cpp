#include "stock/quantize_stock.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <vector>

#include "common/native/job.h"
#include "common/native/llama_model.h"
#include "importance/importance_matrix.h"
#include "llama/gguf_file.h"

namespace mixllm {

namespace {

llama_ftype type_by_name(const std::string& wanted) {
    std::string upper(wanted);
    std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
    std::string known;
    for (const auto& [name, type] : stock_types()) {
        if (name == upper) {
            return type;
        }
        known += (known.empty() ? "" : ", ") + name;
    }
    throw InputError("there is no quantization type " + wanted + "; llama.cpp has " + known);
}

void check_not_quantized(const std::string& path) {
    const GgufFile file(path, GgufFile::Content::Shapes);
    if (gguf_find_key(file.metadata(), "mixllm.version") >= 0) {
        throw InputError(path + " is a MixLLM file; stock types are made from an F16, BF16 or F32 model");
    }
    for (ggml_tensor* tensor = ggml_get_first_tensor(file.tensors()); tensor != nullptr;
         tensor = ggml_get_next_tensor(file.tensors(), tensor)) {
        if (ggml_is_quantized(tensor->type)) {
            throw InputError(path + " is quantized already: " + ggml_get_name(tensor) + " is " +
                             ggml_type_name(tensor->type) + "; give an F16, BF16 or F32 model");
        }
    }
}

llama_model_kv_override text_override(const char* key, const std::string& text) {
    llama_model_kv_override entry = {};
    entry.tag = LLAMA_KV_OVERRIDE_TYPE_STR;
    std::snprintf(entry.key, sizeof(entry.key), "%s", key);
    std::snprintf(entry.val_str, sizeof(entry.val_str), "%s", text.c_str());
    return entry;
}

llama_model_kv_override count_override(const char* key, int64_t count) {
    llama_model_kv_override entry = {};
    entry.tag = LLAMA_KV_OVERRIDE_TYPE_INT;
    std::snprintf(entry.key, sizeof(entry.key), "%s", key);
    entry.val_i64 = count;
    return entry;
}

/// What llama.cpp's own tool writes beside the tensors when a matrix took part.
std::vector<llama_model_kv_override> provenance(const std::string& path, const ImportanceMatrix& matrix) {
    std::vector<llama_model_kv_override> entries;
    entries.push_back(text_override("quantize.imatrix.file", path));
    if (!matrix.dataset.empty()) {
        entries.push_back(text_override("quantize.imatrix.dataset", matrix.dataset));
    }
    entries.push_back(count_override("quantize.imatrix.entries_count", static_cast<int64_t>(matrix.weights.size())));
    if (matrix.chunks > 0) {
        entries.push_back(count_override("quantize.imatrix.chunks_count", matrix.chunks));
    }
    entries.emplace_back(); // an empty key ends the list
    return entries;
}

} // namespace

void quantize_stock(const std::string& input, const std::string& output, const std::string& type,
                    const std::string& importance_matrix, int32_t threads, JobControl& control) {
    llama_model_quantize_params params = llama_model_quantize_default_params();
    params.ftype = type_by_name(type);
    params.nthread = threads;
    check_not_quantized(input);

    ImportanceMatrix matrix;
    std::vector<llama_model_imatrix_data> entries;
    std::vector<llama_model_kv_override> overrides;
    if (!importance_matrix.empty()) {
        matrix = read_importance_matrix(importance_matrix);
        for (const auto& [name, values] : matrix.weights) {
            entries.push_back({name.c_str(), values.data(), values.size()});
        }
        entries.push_back({nullptr, nullptr, 0});
        overrides = provenance(importance_matrix, matrix);
        params.imatrix = entries.data();
        params.kv_overrides = overrides.data();
    }

    const LlamaLogListener listener([&control](const std::string& line) {
        int done = 0;
        int total = 0;
        if (std::sscanf(line.c_str(), "[%d/%d]", &done, &total) == 2 && total > 0) {
            control.report(done - 1, total); // the line announces a tensor
        }
    });
    take_llama_error();
    if (llama_model_quantize(input.c_str(), output.c_str(), &params) != 0) {
        const std::string reason = take_llama_error();
        throw InputError("cannot quantize " + input + " to " + type + (reason.empty() ? "" : ": " + reason));
    }
    control.throw_if_canceled();
}

} // namespace mixllm
