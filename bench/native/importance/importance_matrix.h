#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// How much each input of each linear weight matters: the mean of its squares over calibration tokens.
struct ImportanceMatrix {
    /// By weight name, such as `blk.0.attn_q.weight`; one value an input, expert after expert.
    std::map<std::string, std::vector<float>> weights;
    /// Name of the calibration text; may be empty.
    std::string dataset;
    int64_t chunks = 0;
};
