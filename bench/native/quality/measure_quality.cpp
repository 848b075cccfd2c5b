#include "quality/measure_quality.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "llama/chunk_decoder.h"
#include "llama/text_model.h"

namespace mixllm {

namespace {

/// @throws InputError saying what differs, unless both vocabularies give every id the same text and use the same BOS
void check_same_vocabulary(const llama_vocab* vocab, const std::string& name, const llama_vocab* reference,
                           const std::string& reference_name) {
    const std::string differ = name + " and its reference " + reference_name + " have different vocabularies: ";
    const int32_t count = llama_vocab_n_tokens(vocab);
    const int32_t reference_count = llama_vocab_n_tokens(reference);
    if (count != reference_count) {
        throw InputError(differ + std::to_string(count) + " and " + std::to_string(reference_count) + " tokens");
    }
    for (llama_token token = 0; token < count; token++) {
        if (std::strcmp(llama_vocab_get_text(vocab, token), llama_vocab_get_text(reference, token)) != 0) {
            throw InputError(differ + "token " + std::to_string(token) + " is \"" + llama_vocab_get_text(vocab, token) +
                             "\" in one and \"" + llama_vocab_get_text(reference, token) + "\" in the other");
        }
    }
    if (llama_vocab_get_add_bos(vocab) != llama_vocab_get_add_bos(reference) ||
        llama_vocab_bos(vocab) != llama_vocab_bos(reference)) {
        throw InputError(differ + "they do not start a text with the same token");
    }
}

} // namespace

QualityMeasurement measure_quality(const QualityRequest& request, JobControl& control) {
    const bool with_reference = !request.reference.empty();
    const ModelHandle model = load_model(request.model, control, request.gpu_layers);
    check_predicts_text(model.get(), request.model);
    const llama_vocab* vocab = llama_model_get_vocab(model.get());
    const std::vector<llama_token> tokens = tokenize_text(vocab, request.text);
    const int32_t available = static_cast<int32_t>(tokens.size() / static_cast<size_t>(request.context));
    if (available == 0) {
        throw InputError("the text is too short: it has " + std::to_string(tokens.size()) +
                         " tokens in the vocabulary of " + request.model + ", one context takes " +
                         std::to_string(request.context));
    }

    ModelHandle reference;
    if (with_reference) {
        reference = load_model(request.reference, control, request.gpu_layers);
        const llama_vocab* reference_vocab = llama_model_get_vocab(reference.get());
        check_same_vocabulary(vocab, request.model, reference_vocab, request.reference);
        if (tokenize_text(reference_vocab, request.text) != tokens) {
            throw InputError(request.model + " and its reference " + request.reference +
                             " split the text into different tokens (their tokenizer.ggml.pre or merges differ)");
        }
    }

    QualityMeasurement result;
    result.tokens = tokens.size();
    result.chunks = request.chunks > 0 ? std::min(request.chunks, available) : available;
    result.trained_context = llama_model_n_ctx_train(model.get());
    const ChunkDecoderOptions pass = {request.context, request.context / 2,
                                      ChunkDecoderOptions::full_pass(request.context), request.threads};
    ChunkDecoder decoder(request.model, model.get(), pass, control);
    std::unique_ptr<ChunkDecoder> reference_decoder;
    if (with_reference) {
        reference_decoder = std::make_unique<ChunkDecoder>(request.reference, reference.get(), pass, control);
    }

    const auto vocabulary = static_cast<size_t>(llama_vocab_n_tokens(vocab));
    const int32_t first = pass.first_output;
    const auto scored = static_cast<size_t>(request.context - first - 1); // the last position predicts the next chunk
    result.scores.reserve(scored * static_cast<size_t>(result.chunks), with_reference);
    double sum = 0;
    for (int32_t chunk = 0; chunk < result.chunks; chunk += pass.chunks_per_pass) {
        const int32_t count = std::min(pass.chunks_per_pass, result.chunks - chunk);
        decoder.decode(tokens, chunk, count);
        if (with_reference) {
            reference_decoder->decode(tokens, chunk, count);
        }
        for (int32_t i = 0; i < count; i++) {
            const llama_token* targets = tokens.data() +
                                         static_cast<size_t>(chunk + i) * static_cast<size_t>(request.context) +
                                         static_cast<size_t>(first) + 1;
            const float* reference_logits = with_reference ? reference_decoder->logits(i) : nullptr;
            if (!score_tokens(decoder.logits(i), reference_logits, vocabulary, targets, scored,
                              Workers(request.threads, control), result.scores)) {
                throw InputError(
                    (with_reference ? request.model + " or its reference " + request.reference : request.model) +
                    " gives logits that are not numbers (NaN or infinite) in chunk " + std::to_string(chunk + i + 1));
            }
        }
        control.throw_if_canceled();
        const std::vector<double>& nll = result.scores.negative_log_likelihood;
        for (size_t i = nll.size() - scored * static_cast<size_t>(count); i < nll.size(); i++) {
            sum += nll[i];
        }
        control.report(chunk + count, result.chunks, std::exp(sum / static_cast<double>(nll.size())));
    }
    return result;
}

} // namespace mixllm
