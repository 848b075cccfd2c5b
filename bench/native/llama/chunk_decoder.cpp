#include "llama/chunk_decoder.h"

#include <algorithm>
#include <stdexcept>

#include "common/native/llama_model.h"

namespace mixllm {

namespace {

/// llama.cpp's default logical batch.
constexpr int32_t most_batch_tokens = 2048;

llama_context_params context_params(const ChunkDecoderOptions& options, int32_t batch) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<uint32_t>(options.context * options.chunks_per_pass);
    params.n_seq_max = static_cast<uint32_t>(options.chunks_per_pass);
    params.n_batch = static_cast<uint32_t>(batch);
    params.n_threads = options.threads;
    params.n_threads_batch = options.threads;
    params.swa_full = false;
    params.kv_unified = false;
    params.no_perf = true;
    params.cb_eval = options.on_node;
    params.cb_eval_user_data = options.on_node_data;
    return params;
}

} // namespace

int32_t ChunkDecoderOptions::full_pass(int32_t context) {
    return std::max(1, most_batch_tokens / context);
}

ChunkDecoder::ChunkDecoder(const std::string& name, llama_model* model, const ChunkDecoderOptions& options,
                           JobControl& control)
    : name_(name), control_(control), options_(options) {
    batch_size_ = std::min(most_batch_tokens, options.context * options.chunks_per_pass);
    const llama_vocab* vocab = llama_model_get_vocab(model);
    add_bos_ = llama_vocab_get_add_bos(vocab);
    bos_ = llama_vocab_bos(vocab);
    vocabulary_ = static_cast<size_t>(llama_vocab_n_tokens(vocab));
    handle_ = create_context(model, context_params(options, batch_size_), name);
    set_abort(handle_.get(), &control);
    batch_ = llama_batch_init(batch_size_, 0, 1);
}

ChunkDecoder::~ChunkDecoder() {
    llama_batch_free(batch_);
}

void ChunkDecoder::decode(const std::vector<llama_token>& tokens, int32_t first, int32_t count) {
    llama_context* context = handle_.get();
    const int32_t batches = (options_.context + batch_size_ - 1) / batch_size_;
    gathered_.clear();
    llama_memory_clear(llama_get_memory(context), true);
    for (int32_t step = 0; step < batches; step++) {
        const int32_t begin = step * batch_size_;
        const int32_t end = std::min(begin + batch_size_, options_.context);
        size_t outputs = 0;
        batch_.n_tokens = 0;
        for (int32_t chunk = 0; chunk < count; chunk++) {
            const size_t start = static_cast<size_t>(first + chunk) * static_cast<size_t>(options_.context);
            for (int32_t position = begin; position < end; position++) {
                const int32_t slot = batch_.n_tokens++;
                const bool is_bos = position == 0 && add_bos_;
                batch_.token[slot] = is_bos ? bos_ : tokens[start + static_cast<size_t>(position)];
                batch_.pos[slot] = position;
                batch_.n_seq_id[slot] = 1;
                batch_.seq_id[slot][0] = chunk;
                batch_.logits[slot] = position >= options_.first_output ? 1 : 0;
                outputs += static_cast<size_t>(batch_.logits[slot]);
            }
        }
        take_llama_error();
        const int32_t status = llama_decode(context, batch_);
        control_.throw_if_canceled();
        if (status != 0) {
            const std::string reason = take_llama_error();
            throw std::runtime_error("llama.cpp could not decode a batch of " + name_ + " (status " +
                                     std::to_string(status) + ")" + (reason.empty() ? "" : ": " + reason));
        }
        if (batches > 1 && outputs > 0) {
            const float* logits = llama_get_logits(context);
            gathered_.insert(gathered_.end(), logits, logits + outputs * vocabulary_);
        }
    }
    llama_synchronize(context);
}

const float* ChunkDecoder::logits(int32_t i) {
    if (!gathered_.empty()) {
        return gathered_.data();
    }
    const float* logits = llama_get_logits_ith(handle_.get(), i * options_.context + options_.first_output);
    if (logits == nullptr) {
        throw std::runtime_error("llama.cpp returned no logits for " + name_);
    }
    return logits;
}

} // namespace mixllm
