#include <memory>

#include "bindings/bindings.h"
#include "common/native/arguments.h"
#include "common/native/start_job.h"
#include "quality/measure_quality.h"

namespace mixllm {

namespace {

Napi::Float64Array to_float64_array(Napi::Env env, const std::vector<double>& values) {
    Napi::Float64Array array = Napi::Float64Array::New(env, values.size());
    std::copy(values.begin(), values.end(), array.Data());
    return array;
}

Napi::Object to_object(Napi::Env env, const TokenScores& scores) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("negativeLogLikelihood", to_float64_array(env, scores.negative_log_likelihood));
    if (scores.kl_divergence.empty()) {
        return object;
    }
    Napi::Object comparison = Napi::Object::New(env);
    comparison.Set("referenceNegativeLogLikelihood", to_float64_array(env, scores.reference_negative_log_likelihood));
    comparison.Set("klDivergence", to_float64_array(env, scores.kl_divergence));
    comparison.Set("probabilityChange", to_float64_array(env, scores.probability_change));
    Napi::Uint8Array same_top = Napi::Uint8Array::New(env, scores.same_top.size());
    std::copy(scores.same_top.begin(), scores.same_top.end(), same_top.Data());
    comparison.Set("sameTop", same_top);
    object.Set("comparison", comparison);
    return object;
}

Napi::Value bind_measure_quality(const Napi::CallbackInfo& info) {
    const Argument options(info[0], "options");
    QualityRequest request;
    request.model = options["model"].text();
    request.reference = options["reference"].is_given() ? options["reference"].text() : "";
    request.text = options["text"].bytes_as_text();
    request.context = options["context"].integer<int32_t>(4);
    request.chunks = options["chunks"].integer<int32_t>();
    request.threads = options["threads"].integer<int32_t>(1);
    request.gpu_layers = options["gpuLayers"].integer<int32_t>();
    return start_job(info, [request](JobControl& control) -> JobResult {
        const auto measured = std::make_shared<QualityMeasurement>(measure_quality(request, control));
        return [measured](Napi::Env env) {
            const Napi::Object object = to_object(env, measured->scores);
            object.Set("tokens", Napi::Number::New(env, static_cast<double>(measured->tokens)));
            object.Set("chunks", Napi::Number::New(env, measured->chunks));
            object.Set("trainedContext", Napi::Number::New(env, measured->trained_context));
            return object;
        };
    });
}

Napi::Value bind_score_tokens(const Napi::CallbackInfo& info) {
    const Argument::Numbers<float> logits = Argument(info[0], "logits").numbers<float>();
    const Argument reference(info[1], "referenceLogits");
    const Argument targets_argument(info[2], "targets");
    const Argument::Numbers<int32_t> targets = targets_argument.numbers<int32_t>();
    const int threads = Argument(info[3], "threads").integer<int>(1);
    const size_t vocabulary = targets.count == 0 ? 0 : logits.count / targets.count;
    if (vocabulary == 0 || logits.count != vocabulary * targets.count) {
        Argument(info[0], "logits")
            .fail("of shape [targets][vocabulary] for " + std::to_string(targets.count) + " targets");
    }
    const float* reference_logits = reference.is_given() ? reference.numbers<float>(logits.count) : nullptr;
    for (size_t i = 0; i < targets.count; i++) {
        if (targets.data[i] < 0 || static_cast<size_t>(targets.data[i]) >= vocabulary) {
            targets_argument.fail("tokens of a vocabulary of " + std::to_string(vocabulary));
        }
    }
    TokenScores scores;
    const bool finite =
        score_tokens(logits.data, reference_logits, vocabulary, targets.data, targets.count, Workers(threads), scores);
    const Napi::Object object = to_object(info.Env(), scores);
    object.Set("finite", Napi::Boolean::New(info.Env(), finite));
    return object;
}

} // namespace

void bind_quality(Napi::Env env, Napi::Object exports) {
    exports.Set("measureQuality", Napi::Function::New(env, bind_measure_quality, "measureQuality"));
    exports.Set("scoreTokens", Napi::Function::New(env, bind_score_tokens, "scoreTokens"));
}

} // namespace mixllm
