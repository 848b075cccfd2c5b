#pragma once

#include <string>

#include "layers/calibration.h"
#include "weights/source_rows.h"

namespace mixllm {

/**
 * Writes the first layer's input: the embedding of every calibration token.
 *
 * @param embedding one row per token of the vocabulary
 * @param output activation file to write, [samples][length][hidden]
 * @throws std::runtime_error when a token is outside the vocabulary or the file cannot be written
 */
void embed_tokens(const Calibration& calibration, const SourceRows& embedding, const std::string& output,
                  const JobControl& control);

} // namespace mixllm
