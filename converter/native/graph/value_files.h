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
    /// @param stored samples in the file, of which `samples` are read, evenly spread
    /// @throws std::runtime_error when the file cannot be read or has another size
    ValueReader(const std::string& path, int64_t floats, int64_t samples, int64_t stored)
        : file_(ActivationFile::open(path, floats * stored)), floats_(floats), step_(stored / samples) {}

    /// Of all samples in the file.
    ValueReader(const std::string& path, int64_t floats, int64_t samples)
        : ValueReader(path, floats, samples, samples) {}

    /// @throws std::runtime_error on failure
    const std::vector<float>& read(int64_t first_sample, int64_t sequences, const SampleLayout& layout);

private:
    void read_samples(int64_t first_sample, int64_t sequences, float* out);

    ActivationFile file_;
    int64_t floats_;
    int64_t step_;
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
