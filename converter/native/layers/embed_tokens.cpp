#include "layers/embed_tokens.h"

#include <stdexcept>
#include <vector>

#include "calibration/activation_file.h"
#include "weights/source_rows.h"

namespace mixllm {

void embed_tokens(const Calibration& calibration, const SourceRows& embedding, const std::string& output,
                  const JobControl& control) {
    ActivationFile out = ActivationFile::create(output);
    std::vector<float> row(embedding.columns);
    for (const int32_t token : calibration.tokens) {
        if (token < 0 || static_cast<size_t>(token) >= embedding.rows) {
            throw std::runtime_error("calibration token " + std::to_string(token) + " is outside the vocabulary of " +
                                     std::to_string(embedding.rows));
        }
        control.throw_if_canceled();
        embedding.load(static_cast<size_t>(token), row.data());
        out.append(row.data(), static_cast<int64_t>(row.size()));
    }
    out.finish();
}

} // namespace mixllm
