#include "quality/measure_quality.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "job/input_error.h"
#include "llama/check_predicts_text.h"
#include "llama/chunk_decoder.h"
#include "llama/load_model.h"
#include "llama/tokenize_text.h"
#include "quality/check_same_vocabulary.h"

QualityMeasurement measure_quality(const QualityRequest& request, JobControl& control) {
    const bool with_reference = !request.reference.empty();
    const ModelHandle model = load_model(request.model, control);
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
        reference = load_model(request.reference, control);
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
                              static_cast<size_t>(request.threads), result.scores)) {
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
