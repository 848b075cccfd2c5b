#include "embed_tokens.h"

#include <stdexcept>
#include <vector>

#include "activation_file.h"
#include "to_float.h"

namespace mixllm {

void embed_tokens(const Calibration& calibration, const WeightSource& embedding, const std::string& output) {
    ActivationFile out = ActivationFile::create(output);
    std::vector<float> row(static_cast<size_t>(embedding.columns));
    for (const int32_t token : calibration.tokens) {
        if (token < 0 || token >= embedding.rows) {
            throw std::runtime_error("calibration token " + std::to_string(token) + " is outside the vocabulary of " +
                                     std::to_string(embedding.rows));
        }
        to_float(embedding, token * embedding.columns, embedding.columns, row.data(), 1);
        out.append(row.data(), embedding.columns);
    }
    out.finish();
}

} // namespace mixllm
