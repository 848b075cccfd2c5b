#include <memory>

#include "bindings/bindings.h"
#include "common/native/arguments.h"
#include "common/native/start_job.h"
#include "synthetic/write_synthetic_model.h"

namespace mixllm {

namespace {

Dimensions read_dimensions(const Argument& options) {
    const auto count = [&](const char* name) { return options[name].is_given() ? options[name].integer(1) : 0; };
    Dimensions d = {};
    d.layers = options["layers"].integer(1);
    d.hidden = options["hidden"].integer(1);
    d.heads = options["heads"].integer(1);
    d.kv_heads = options["kvHeads"].integer(1);
    d.head_size = options["headSize"].integer(1);
    d.rotary_size = options["rotarySize"].integer(1);
    d.feed_forward = options["feedForward"].integer(1);
    d.experts = count("experts");
    d.used_experts = count("usedExperts");
    d.expert_feed_forward = count("expertFeedForward");
    d.sliding_window = count("slidingWindow");
    d.full_attention_interval = count("fullAttentionInterval");
    d.recurrent_key_heads = count("recurrentKeyHeads");
    d.recurrent_value_heads = count("recurrentValueHeads");
    d.recurrent_head_size = count("recurrentHeadSize");
    d.convolution_kernel = count("convolutionKernel");
    return d;
}

SyntheticModel read_model(const Argument& options) {
    SyntheticModel model;
    model.name = options["name"].text();
    model.architecture = options["architecture"].text();
    model.dimensions = read_dimensions(options["dimensions"]);
    model.context_length = options["contextLength"].integer<uint32_t>();
    model.rope_frequency_base = static_cast<float>(options["ropeFrequencyBase"].number());
    model.tied = options["tied"].flag();
    model.tokens = options["tokens"].texts();
    const int32_t* types = options["tokenTypes"].numbers<int32_t>(model.tokens.size());
    model.token_types.assign(types, types + model.tokens.size());
    model.merges = options["merges"].texts();
    model.bos = options["bos"].integer<uint32_t>();
    model.eos = options["eos"].integer<uint32_t>();
    model.mixed = options["percent8bit"].is_given();
    model.percent8bit = model.mixed ? options["percent8bit"].number() : 0;
    model.header_only = options["headerOnly"].flag();
    return model;
}

Napi::Value bind_write_synthetic_model(const Napi::CallbackInfo& info) {
    const auto model = std::make_shared<SyntheticModel>(read_model({info[0], "model"}));
    const std::string path = Argument(info[1], "path").text();
    const int32_t threads = Argument(info[2], "threads").integer<int32_t>(1);
    return start_job(info, [=](JobControl& control) -> JobResult {
        write_synthetic_model(*model, path, threads, control);
        return no_result;
    });
}

} // namespace

void bind_synthetic(Napi::Env env, Napi::Object exports) {
    exports.Set("writeSyntheticModel", Napi::Function::New(env, bind_write_synthetic_model, "writeSyntheticModel"));
}

} // namespace mixllm
