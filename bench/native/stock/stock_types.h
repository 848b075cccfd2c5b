#pragma once

#include <llama.h>
#include <string>
#include <utility>
#include <vector>

/// The quantization types of llama.cpp that a user can ask for, by the names its quantizer gives them.
const std::vector<std::pair<std::string, llama_ftype>>& stock_types();
