#include "quality/bind_quality.h"

#include <memory>

#include "job/start_job.h"
#include "quality/measure_quality.h"

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

Napi::Value measure_quality_job(const Napi::CallbackInfo& info) {
    const Napi::Object options = info[0].As<Napi::Object>();
    QualityRequest request;
    request.model = options.Get("model").As<Napi::String>().Utf8Value();
    if (options.Get("reference").IsString()) {
        request.reference = options.Get("reference").As<Napi::String>().Utf8Value();
    }
    const Napi::Uint8Array text = options.Get("text").As<Napi::Uint8Array>();
    request.text.assign(reinterpret_cast<const char*>(text.Data()), text.ByteLength());
    request.context = options.Get("context").As<Napi::Number>().Int32Value();
    request.chunks = options.Get("chunks").As<Napi::Number>().Int32Value();
    request.threads = options.Get("threads").As<Napi::Number>().Int32Value();
    return start_job(info.Env(), info[1], [request](JobControl& control) {
        auto measured = std::make_shared<QualityMeasurement>(measure_quality(request, control));
        return [measured](Napi::Env env) -> Napi::Value {
            Napi::Object object = to_object(env, measured->scores);
            object.Set("tokens", Napi::Number::New(env, static_cast<double>(measured->tokens)));
            object.Set("chunks", Napi::Number::New(env, measured->chunks));
            object.Set("trainedContext", Napi::Number::New(env, measured->trained_context));
            return object;
        };
    });
}

Napi::Value score_tokens_now(const Napi::CallbackInfo& info) {
    const Napi::Float32Array logits = info[0].As<Napi::Float32Array>();
    const Napi::Int32Array targets = info[2].As<Napi::Int32Array>();
    const size_t threads = info[3].As<Napi::Number>().Uint32Value();
    const size_t count = targets.ElementLength();
    const size_t vocabulary = count == 0 ? 0 : logits.ElementLength() / count;
    const bool with_reference = info[1].IsTypedArray();
    if (vocabulary == 0 || logits.ElementLength() != vocabulary * count ||
        (with_reference && info[1].As<Napi::Float32Array>().ElementLength() != logits.ElementLength())) {
        throw Napi::RangeError::New(info.Env(), "expected logits of shape [targets][vocabulary]");
    }
    for (size_t i = 0; i < count; i++) {
        if (targets[i] < 0 || static_cast<size_t>(targets[i]) >= vocabulary) {
            throw Napi::RangeError::New(info.Env(), "a target is not in the vocabulary");
        }
    }
    TokenScores scores;
    const bool finite = score_tokens(logits.Data(), with_reference ? info[1].As<Napi::Float32Array>().Data() : nullptr,
                                     vocabulary, targets.Data(), count, threads, scores);
    Napi::Object object = to_object(info.Env(), scores);
    object.Set("finite", Napi::Boolean::New(info.Env(), finite));
    return object;
}

} // namespace

void bind_quality(Napi::Env env, Napi::Object exports) {
    exports.Set("measureQuality", Napi::Function::New(env, measure_quality_job, "measureQuality"));
    exports.Set("scoreTokens", Napi::Function::New(env, score_tokens_now, "scoreTokens"));
}
