#include "quality/bindQuality.h"

#include <memory>

#include "job/startJob.h"
#include "quality/measureQuality.h"

namespace {

Napi::Float64Array toFloat64Array(Napi::Env env, const std::vector<double>& values) {
    Napi::Float64Array array = Napi::Float64Array::New(env, values.size());
    std::copy(values.begin(), values.end(), array.Data());
    return array;
}

Napi::Object toObject(Napi::Env env, const TokenScores& scores) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("negativeLogLikelihood", toFloat64Array(env, scores.negativeLogLikelihood));
    if (scores.klDivergence.empty())
        return object;
    Napi::Object comparison = Napi::Object::New(env);
    comparison.Set("referenceNegativeLogLikelihood", toFloat64Array(env, scores.referenceNegativeLogLikelihood));
    comparison.Set("klDivergence", toFloat64Array(env, scores.klDivergence));
    comparison.Set("probabilityChange", toFloat64Array(env, scores.probabilityChange));
    Napi::Uint8Array sameTop = Napi::Uint8Array::New(env, scores.sameTop.size());
    std::copy(scores.sameTop.begin(), scores.sameTop.end(), sameTop.Data());
    comparison.Set("sameTop", sameTop);
    object.Set("comparison", comparison);
    return object;
}

Napi::Value measureQualityJob(const Napi::CallbackInfo& info) {
    const Napi::Object options = info[0].As<Napi::Object>();
    QualityRequest request;
    request.model = options.Get("model").As<Napi::String>().Utf8Value();
    if (options.Get("reference").IsString())
        request.reference = options.Get("reference").As<Napi::String>().Utf8Value();
    const Napi::Uint8Array text = options.Get("text").As<Napi::Uint8Array>();
    request.text.assign(reinterpret_cast<const char*>(text.Data()), text.ByteLength());
    request.context = options.Get("context").As<Napi::Number>().Int32Value();
    request.chunks = options.Get("chunks").As<Napi::Number>().Int32Value();
    request.threads = options.Get("threads").As<Napi::Number>().Int32Value();
    return startJob(info.Env(), info[1], [request](JobControl& control) {
        auto measured = std::make_shared<QualityMeasurement>(measureQuality(request, control));
        return [measured](Napi::Env env) -> Napi::Value {
            Napi::Object object = toObject(env, measured->scores);
            object.Set("tokens", Napi::Number::New(env, static_cast<double>(measured->tokens)));
            object.Set("chunks", Napi::Number::New(env, measured->chunks));
            object.Set("trainedContext", Napi::Number::New(env, measured->trainedContext));
            return object;
        };
    });
}

Napi::Value scoreTokensNow(const Napi::CallbackInfo& info) {
    const Napi::Float32Array logits = info[0].As<Napi::Float32Array>();
    const Napi::Int32Array targets = info[2].As<Napi::Int32Array>();
    const size_t threads = info[3].As<Napi::Number>().Uint32Value();
    const size_t count = targets.ElementLength();
    const size_t vocabulary = count == 0 ? 0 : logits.ElementLength() / count;
    const bool withReference = info[1].IsTypedArray();
    if (vocabulary == 0 || logits.ElementLength() != vocabulary * count ||
        (withReference && info[1].As<Napi::Float32Array>().ElementLength() != logits.ElementLength()))
        throw Napi::RangeError::New(info.Env(), "expected logits of shape [targets][vocabulary]");
    for (size_t i = 0; i < count; i++) {
        if (targets[i] < 0 || static_cast<size_t>(targets[i]) >= vocabulary)
            throw Napi::RangeError::New(info.Env(), "a target is not in the vocabulary");
    }
    TokenScores scores;
    const bool finite = scoreTokens(logits.Data(), withReference ? info[1].As<Napi::Float32Array>().Data() : nullptr,
                                    vocabulary, targets.Data(), count, threads, scores);
    Napi::Object object = toObject(info.Env(), scores);
    object.Set("finite", Napi::Boolean::New(info.Env(), finite));
    return object;
}

} // namespace

void bindQuality(Napi::Env env, Napi::Object exports) {
    exports.Set("measureQuality", Napi::Function::New(env, measureQualityJob, "measureQuality"));
    exports.Set("scoreTokens", Napi::Function::New(env, scoreTokensNow, "scoreTokens"));
}
