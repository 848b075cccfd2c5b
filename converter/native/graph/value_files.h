#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "calibration/activation_file.h"
#include "graph/decoder.h"

namespace mixllm {

/// Paths of activation files by number of the crossing value, `[samples][floats of one sample]`.
using ValuePaths = std::map<size_t, std::string>;

/// A crossing value of all samples in a file, read batch by batch in the order the batch's graph has it.
class ValueReader {
public:
    /// @throws std::runtime_error when the file cannot be read or has another size
    ValueReader(const std::string& path, int64_t floats, int64_t samples)
        : file_(ActivationFile::open(path, floats * samples)), floats_(floats) {}

    /// @throws std::runtime_error on failure
    const std::vector<float>& read(int64_t first_sample, int64_t sequences, const SampleLayout& layout);

private:
    ActivationFile file_;
    int64_t floats_;
    std::vector<float> values_;
    std::vector<float> by_sample_;
};

/// The same the other way about.
class ValueWriter {
public:
    /// @throws std::runtime_error when the file cannot be created
    ValueWriter(const std::string& path, int64_t floats) : file_(ActivationFile::create(path)), floats_(floats) {}

    /// Where a batch's value goes before `append`.
    float* prepare(int64_t sequences);

    /// @throws std::runtime_error on failure
    void append(int64_t sequences, const SampleLayout& layout);

    /// @throws std::runtime_error on failure
    void finish() { file_.finish(); }

private:
    ActivationFile file_;
    int64_t floats_;
    std::vector<float> values_;
    std::vector<float> by_sample_;
};

} // namespace mixllm
