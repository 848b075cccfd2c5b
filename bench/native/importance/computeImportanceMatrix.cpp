#include "importance/computeImportanceMatrix.h"

#include <algorithm>
#include <cmath>

#include "importance/ActivationSums.h"
#include "importance/writeImportanceMatrix.h"
#include "job/InputError.h"
#include "llama/ChunkDecoder.h"
#include "llama/checkPredictsText.h"
#include "llama/loadModel.h"
#include "llama/tokenizeText.h"

namespace {

void checkFinite(const std::string& model, const ActivationSums& sums) {
    for (const auto& [weight, entry] : sums.entries()) {
        if (!std::all_of(entry.squares.begin(), entry.squares.end(), [](double sum) { return std::isfinite(sum); }))
            throw InputError(model + " feeds " + weight + " with values that are not numbers");
    }
}

} // namespace

void computeImportanceMatrix(const ImportanceRequest& request, JobControl& control) {
    const ModelHandle model = loadModel(request.model, control);
    checkPredictsText(model.get(), request.model);
    const std::vector<llama_token> tokens = tokenizeText(llama_model_get_vocab(model.get()), request.text);
    const int32_t available = static_cast<int32_t>(tokens.size() / static_cast<size_t>(request.context));
    if (available == 0)
        throw InputError("the calibration text " + request.dataset + " is too short: it has " +
                         std::to_string(tokens.size()) + " tokens, one chunk takes " + std::to_string(request.context));
    const int32_t chunks = request.chunks > 0 ? std::min(request.chunks, available) : available;

    ActivationSums sums;
    // Logits of every position are asked for because the last block computes only positions whose logits are; one chunk
    // a pass keeps them small.
    ChunkDecoder decoder(request.model, model.get(),
                         {request.context, 0, 1, request.threads, ActivationSums::onNode, &sums}, control);
    for (int32_t chunk = 0; chunk < chunks; chunk++) {
        decoder.decode(tokens, chunk, 1);
        if (!sums.expertWeight().empty())
            throw InputError(request.model + " mixes experts (" + sums.expertWeight() +
                             "); importance matrices are for dense models here");
        control.report(chunk + 1, chunks);
    }
    checkFinite(request.model, sums);
    writeImportanceMatrix(request.output, sums, request.dataset, chunks, request.context);
}
