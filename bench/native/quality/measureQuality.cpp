#include "quality/measureQuality.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "job/InputError.h"
#include "llama/ChunkDecoder.h"
#include "llama/checkPredictsText.h"
#include "llama/loadModel.h"
#include "llama/tokenizeText.h"
#include "quality/checkSameVocabulary.h"

QualityMeasurement measureQuality(const QualityRequest& request, JobControl& control) {
    const bool withReference = !request.reference.empty();
    const ModelHandle model = loadModel(request.model, control);
    checkPredictsText(model.get(), request.model);
    const llama_vocab* vocab = llama_model_get_vocab(model.get());
    const std::vector<llama_token> tokens = tokenizeText(vocab, request.text);
    const int32_t available = static_cast<int32_t>(tokens.size() / static_cast<size_t>(request.context));
    if (available == 0)
        throw InputError("the text is too short: it has " + std::to_string(tokens.size()) +
                         " tokens in the vocabulary of " + request.model + ", one context takes " +
                         std::to_string(request.context));

    ModelHandle reference;
    if (withReference) {
        reference = loadModel(request.reference, control);
        const llama_vocab* referenceVocab = llama_model_get_vocab(reference.get());
        checkSameVocabulary(vocab, request.model, referenceVocab, request.reference);
        if (tokenizeText(referenceVocab, request.text) != tokens)
            throw InputError(request.model + " and its reference " + request.reference +
                             " split the text into different tokens (their tokenizer.ggml.pre or merges differ)");
    }

    QualityMeasurement result;
    result.tokens = tokens.size();
    result.chunks = request.chunks > 0 ? std::min(request.chunks, available) : available;
    result.trainedContext = llama_model_n_ctx_train(model.get());
    const ChunkDecoderOptions pass = {request.context, request.context / 2,
                                      ChunkDecoderOptions::fullPass(request.context), request.threads};
    ChunkDecoder decoder(request.model, model.get(), pass, control);
    std::unique_ptr<ChunkDecoder> referenceDecoder;
    if (withReference)
        referenceDecoder = std::make_unique<ChunkDecoder>(request.reference, reference.get(), pass, control);

    const auto vocabulary = static_cast<size_t>(llama_vocab_n_tokens(vocab));
    const int32_t first = pass.firstOutput;
    const auto scored = static_cast<size_t>(request.context - first - 1); // the last position predicts the next chunk
    result.scores.reserve(scored * static_cast<size_t>(result.chunks), withReference);
    double sum = 0;
    for (int32_t chunk = 0; chunk < result.chunks; chunk += pass.chunksPerPass) {
        const int32_t count = std::min(pass.chunksPerPass, result.chunks - chunk);
        decoder.decode(tokens, chunk, count);
        if (withReference)
            referenceDecoder->decode(tokens, chunk, count);
        for (int32_t i = 0; i < count; i++) {
            const llama_token* targets = tokens.data() +
                                         static_cast<size_t>(chunk + i) * static_cast<size_t>(request.context) +
                                         static_cast<size_t>(first) + 1;
            const float* referenceLogits = withReference ? referenceDecoder->logits(i) : nullptr;
            if (!scoreTokens(decoder.logits(i), referenceLogits, vocabulary, targets, scored,
                             static_cast<size_t>(request.threads), result.scores))
                throw InputError(
                    (withReference ? request.model + " or its reference " + request.reference : request.model) +
                    " gives logits that are not numbers (NaN or infinite) in chunk " + std::to_string(chunk + i + 1));
        }
        control.throwIfCanceled();
        const std::vector<double>& nll = result.scores.negativeLogLikelihood;
        for (size_t i = nll.size() - scored * static_cast<size_t>(count); i < nll.size(); i++)
            sum += nll[i];
        control.report(chunk + count, result.chunks, std::exp(sum / static_cast<double>(nll.size())));
    }
    return result;
}
