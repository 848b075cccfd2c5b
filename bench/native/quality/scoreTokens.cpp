#include "quality/scoreTokens.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <system_error>
#include <thread>

namespace {

struct Row {
    size_t top;
    double logSumExp;
};

/// Largest logit and log of the sum of exponentials, shifted by the largest so that nothing overflows.
Row summarize(const float* logits, size_t vocabulary) {
    const size_t top = static_cast<size_t>(std::max_element(logits, logits + vocabulary) - logits);
    const double largest = logits[top];
    double sum = 0;
    for (size_t i = 0; i < vocabulary; i++)
        sum += std::exp(logits[i] - largest);
    return {top, largest + std::log(sum)};
}

double divergence(const float* reference, double referenceLogSumExp, const float* model, double modelLogSumExp,
                  size_t vocabulary) {
    double sum = 0;
    for (size_t i = 0; i < vocabulary; i++) {
        const double referenceLog = reference[i] - referenceLogSumExp;
        const double probability = std::exp(referenceLog);
        if (probability > 0)
            sum += probability * (referenceLog - (model[i] - modelLogSumExp));
    }
    return std::max(sum, 0.0); // never negative but for the last rounding
}

} // namespace

void TokenScores::reserve(size_t count, bool withReference) {
    negativeLogLikelihood.reserve(count);
    if (!withReference)
        return;
    referenceNegativeLogLikelihood.reserve(count);
    klDivergence.reserve(count);
    probabilityChange.reserve(count);
    sameTop.reserve(count);
}

bool scoreTokens(const float* logits, const float* referenceLogits, size_t vocabulary, const llama_token* targets,
                 size_t count, size_t threads, TokenScores& scores) {
    const size_t before = scores.negativeLogLikelihood.size();
    scores.negativeLogLikelihood.resize(before + count);
    if (referenceLogits != nullptr) {
        scores.referenceNegativeLogLikelihood.resize(before + count);
        scores.klDivergence.resize(before + count);
        scores.probabilityChange.resize(before + count);
        scores.sameTop.resize(before + count);
    }

    std::atomic<size_t> next{0};
    std::atomic<bool> finite{true};
    const auto work = [&] {
        for (size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
            const size_t target = static_cast<size_t>(targets[i]);
            const float* row = logits + i * vocabulary;
            const Row model = summarize(row, vocabulary);
            const double nll = model.logSumExp - row[target];
            scores.negativeLogLikelihood[before + i] = nll;
            if (!std::isfinite(nll))
                finite = false;
            if (referenceLogits == nullptr)
                continue;
            const float* referenceRow = referenceLogits + i * vocabulary;
            const Row reference = summarize(referenceRow, vocabulary);
            const double referenceNll = reference.logSumExp - referenceRow[target];
            const double kld = divergence(referenceRow, reference.logSumExp, row, model.logSumExp, vocabulary);
            scores.referenceNegativeLogLikelihood[before + i] = referenceNll;
            scores.klDivergence[before + i] = kld;
            scores.probabilityChange[before + i] = std::exp(-nll) - std::exp(-referenceNll);
            scores.sameTop[before + i] = model.top == reference.top ? 1 : 0;
            if (!std::isfinite(referenceNll) || !std::isfinite(kld))
                finite = false;
        }
    };
    std::vector<std::thread> helpers;
    try {
        for (size_t i = 1; i < std::min(threads, count); i++)
            helpers.emplace_back(work);
    } catch (const std::system_error&) {
        // The system gives no more threads; those there are do the work.
    }
    work();
    for (std::thread& helper : helpers)
        helper.join();
    return finite;
}
