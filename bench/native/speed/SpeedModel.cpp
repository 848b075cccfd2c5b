#include "speed/SpeedModel.h"

#include "llama/checkDecoder.h"
#include "llama/loadModel.h"
#include "llama/modelTypeName.h"
#include "speed/createSpeedContext.h"
#include "speed/decodeTokens.h"
#include "speed/randomTokens.h"

SpeedModel::SpeedModel(const std::string& path, const ModelPlacement& placement, JobControl& control)
    : path_(path), threads_(placement.threads), model_(loadModel(path, control, placement.gpuLayers)),
      type_(modelTypeName(model_.get())) {
    checkDecoder(model_.get(), path);
}

void SpeedModel::prepare(const SpeedTest& test, JobControl& control) {
    context_ = nullptr;
    context_ = createSpeedContext(model_.get(), test.context(), threads_, path_);
    test_ = test;
    decode(test.generation ? 1 : test.tokens, 0, control);
    reachDepth(control);
}

double SpeedModel::time(uint32_t seed, JobControl& control) {
    reachDepth(control);
    return decode(test_.tokens, seed, control);
}

double SpeedModel::decode(int32_t tokens, uint32_t seed, JobControl& control) {
    std::vector<llama_token> input = randomTokens(model_.get(), tokens, seed);
    return decodeTokens(context_.get(), input, test_.generation ? 1 : kPromptBatch, path_, control);
}

void SpeedModel::reachDepth(JobControl& control) {
    llama_context* context = context_.get();
    llama_memory_clear(llama_get_memory(context), false);
    if (test_.depth == 0)
        return;
    if (depth_.has_value() && depth_->tokens == test_.depth &&
        llama_state_seq_set_data(context, depth_->state.data(), depth_->state.size(), 0) != 0)
        return;
    std::vector<llama_token> before = randomTokens(model_.get(), test_.depth, 0);
    decodeTokens(context, before, kPromptBatch, path_, control);
    depth_ = Depth{test_.depth, std::vector<uint8_t>(llama_state_seq_get_size(context, 0))};
    llama_state_seq_get_data(context, depth_->state.data(), depth_->state.size(), 0);
}
