#include "speed/speed_model.h"

#include "llama/text_model.h"
#include "speed/speed_context.h"

namespace mixllm {

SpeedModel::SpeedModel(const std::string& path, const ModelPlacement& placement, JobControl& control)
    : path_(path), threads_(placement.threads), model_(load_model(path, control, placement.gpu_layers)),
      type_(model_type_name(model_.get())) {
    check_decoder(model_.get(), path);
}

void SpeedModel::prepare(const SpeedTest& test, JobControl& control) {
    context_ = nullptr;
    context_ = create_speed_context(model_.get(), test.context(), threads_, path_);
    test_ = test;
    decode(test.generation ? 1 : test.tokens, 0, control);
    reach_depth(control);
}

double SpeedModel::time(uint32_t seed, JobControl& control) {
    reach_depth(control);
    return decode(test_.tokens, seed, control);
}

double SpeedModel::decode(int32_t tokens, uint32_t seed, JobControl& control) {
    std::vector<llama_token> input = random_tokens(model_.get(), tokens, seed);
    return decode_tokens(context_.get(), input, test_.generation ? 1 : prompt_batch, path_, control);
}

void SpeedModel::reach_depth(JobControl& control) {
    llama_context* context = context_.get();
    llama_memory_clear(llama_get_memory(context), false);
    if (test_.depth == 0) {
        return;
    }
    if (depth_.has_value() && depth_->tokens == test_.depth &&
        llama_state_seq_set_data(context, depth_->state.data(), depth_->state.size(), 0) != 0) {
        return;
    }
    std::vector<llama_token> before = random_tokens(model_.get(), test_.depth, 0);
    decode_tokens(context, before, prompt_batch, path_, control);
    depth_ = Depth{test_.depth, std::vector<uint8_t>(llama_state_seq_get_size(context, 0))};
    llama_state_seq_get_data(context, depth_->state.data(), depth_->state.size(), 0);
}

} // namespace mixllm
