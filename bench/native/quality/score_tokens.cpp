#include "quality/score_tokens.h"

#include <algorithm>
#include <atomic>
#include <cmath>

namespace mixllm {

namespace {

struct Row {
    size_t top;
    double log_sum_exp;
};

/// Largest logit and log of the sum of exponentials, shifted by the largest so that nothing overflows.
Row summarize(const float* logits, size_t vocabulary) {
    const size_t top = static_cast<size_t>(std::max_element(logits, logits + vocabulary) - logits);
    const double largest = logits[top];
    double sum = 0;
    for (size_t i = 0; i < vocabulary; i++) {
        sum += std::exp(logits[i] - largest);
    }
    return {top, largest + std::log(sum)};
}

double divergence(const float* reference, double reference_log_sum_exp, const float* model, double model_log_sum_exp,
                  size_t vocabulary) {
    double sum = 0;
    for (size_t i = 0; i < vocabulary; i++) {
        const double reference_log = reference[i] - reference_log_sum_exp;
        const double probability = std::exp(reference_log);
        if (probability > 0) {
            sum += probability * (reference_log - (model[i] - model_log_sum_exp));
        }
    }
    return std::max(sum, 0.0); // never negative but for the last rounding
}

} // namespace

void TokenScores::reserve(size_t count, bool with_reference) {
    negative_log_likelihood.reserve(count);
    if (!with_reference) {
        return;
    }
    reference_negative_log_likelihood.reserve(count);
    kl_divergence.reserve(count);
    probability_change.reserve(count);
    same_top.reserve(count);
}

bool score_tokens(const float* logits, const float* reference_logits, size_t vocabulary, const llama_token* targets,
                  size_t count, const Workers& workers, TokenScores& scores) {
    const size_t before = scores.negative_log_likelihood.size();
    scores.negative_log_likelihood.resize(before + count);
    if (reference_logits != nullptr) {
        scores.reference_negative_log_likelihood.resize(before + count);
        scores.kl_divergence.resize(before + count);
        scores.probability_change.resize(before + count);
        scores.same_top.resize(before + count);
    }

    std::atomic<bool> finite{true};
    workers.for_each(count, [&](size_t i) {
        const size_t target = static_cast<size_t>(targets[i]);
        const float* row = logits + i * vocabulary;
        const Row model = summarize(row, vocabulary);
        const double nll = model.log_sum_exp - row[target];
        scores.negative_log_likelihood[before + i] = nll;
        if (!std::isfinite(nll)) {
            finite = false;
        }
        if (reference_logits == nullptr) {
            return;
        }
        const float* reference_row = reference_logits + i * vocabulary;
        const Row reference = summarize(reference_row, vocabulary);
        const double reference_nll = reference.log_sum_exp - reference_row[target];
        const double kld = divergence(reference_row, reference.log_sum_exp, row, model.log_sum_exp, vocabulary);
        scores.reference_negative_log_likelihood[before + i] = reference_nll;
        scores.kl_divergence[before + i] = kld;
        scores.probability_change[before + i] = std::exp(-nll) - std::exp(-reference_nll);
        scores.same_top[before + i] = model.top == reference.top ? 1 : 0;
        if (!std::isfinite(reference_nll) || !std::isfinite(kld)) {
            finite = false;
        }
    });
    return finite;
}

} // namespace mixllm
