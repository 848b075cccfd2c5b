#include "importance/compute_importance_matrix.h"

#include <algorithm>
#include <cmath>

#include "common/native/job.h"
#include "importance/importance_matrix.h"
#include "llama/chunk_decoder.h"
#include "llama/text_model.h"

namespace mixllm {

namespace {

void check_finite(const std::string& model, const ActivationSums& sums) {
    for (const auto& [weight, entry] : sums.entries()) {
        if (!std::all_of(entry.squares.begin(), entry.squares.end(), [](double sum) { return std::isfinite(sum); })) {
            throw InputError(model + " feeds " + weight + " with values that are not numbers");
        }
    }
}

} // namespace

void compute_importance_matrix(const ImportanceRequest& request, JobControl& control) {
    const ModelHandle model = load_model(request.model, control);
    check_predicts_text(model.get(), request.model);
    const std::vector<llama_token> tokens = tokenize_text(llama_model_get_vocab(model.get()), request.text);
    const int32_t available = static_cast<int32_t>(tokens.size() / static_cast<size_t>(request.context));
    if (available == 0) {
        throw InputError("the calibration text " + request.dataset + " is too short: it has " +
                         std::to_string(tokens.size()) + " tokens, one chunk takes " + std::to_string(request.context));
    }
    const int32_t chunks = request.chunks > 0 ? std::min(request.chunks, available) : available;

    ActivationSums sums;
    // Logits of every position are asked for because the last block computes only positions whose logits are; one chunk
    // a pass keeps them small.
    ChunkDecoder decoder(request.model, model.get(),
                         {request.context, 0, 1, request.threads, ActivationSums::on_node, &sums}, control);
    for (int32_t chunk = 0; chunk < chunks; chunk++) {
        decoder.decode(tokens, chunk, 1);
        control.report(chunk + 1, chunks);
    }
    check_finite(request.model, sums);
    write_importance_matrix(request.output, sums, request.dataset, chunks, request.context);
}

} // namespace mixllm
