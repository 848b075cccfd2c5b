#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph/graph_source.h"
#include "graph/linears.h"
#include "graph/model_graph.h"
#include "graph/sections.h"

namespace mixllm {

/// A value that one section makes and later ones read.
struct CrossingValue {
    int64_t floats; ///< of one sample
    size_t made_by; ///< section
};

/// Where a sample's part of a batch's value lies: `outer` times `inner` floats, a batch's samples in turn each time.
struct SampleLayout {
    int64_t inner;
    int64_t outer;
};

/**
 * @param value a value of `sequences` samples, floats or 32-bit integers
 * @param single the same of one sample
 * @throws UnfollowedGraph unless one dimension grows with the samples
 */
SampleLayout find_layout(const ggml_tensor* value, const ggml_tensor* single, int64_t sequences);

/// A model's sections for batches of one size.
struct DecoderForm {
    ModelGraph graph;
    std::vector<Section> sections;
    std::vector<ggml_tensor*> values; ///< the crossing values, numbered as `Decoder::values`
    std::vector<SampleLayout> layouts;
    std::unordered_map<const ggml_tensor*, size_t> number_of; ///< of a crossing value

    std::vector<size_t> numbers(const std::vector<ggml_tensor*>& tensors) const;
};

/// A model as sections that can be run one after another, for samples of one length in batches of any size, unless
/// there is an obstacle.
class Decoder {
public:
    /**
     * @param path a float GGUF; see `GraphSource`
     * @param length tokens of each sample
     * @throws InputError when llama.cpp cannot load it
     * @throws CanceledError
     */
    Decoder(const std::string& path, int64_t length, JobControl& control);

    int64_t length() const { return length_; }

    /// Entries of the vocabulary.
    int64_t vocabulary() const { return source_.vocabulary(); }

    /// Why the model cannot be run section by section; empty when it can. With an obstacle there are no forms.
    const std::string& obstacle() const { return obstacle_; }

    const std::vector<CrossingValue>& values() const { return values_; }

    /// Those of the form for one sample; none with an obstacle.
    const std::vector<Section>& sections() const;

    /// The form for one sample, which all others agree with but for the number of samples.
    const DecoderForm& single() const { return *forms_.at(1); }

    /// Every weight that the graph reads, for whole samples or for a single token, in the order it is first read; with
    /// an obstacle all of them as of one section.
    std::vector<WeightUse> find_weight_uses() const;

    /// Name of the output head's weight. @throws std::runtime_error when the graph does not end in its product
    std::string find_head() const;

    /// Builds the form unless it is there. @throws UnfollowedGraph when it does not agree with that for one sample
    const DecoderForm& form(int64_t sequences);

private:
    void follow();
    std::unique_ptr<DecoderForm> build(int64_t sequences) const;

    GraphSource source_;
    int64_t length_;
    std::string obstacle_;
    std::vector<CrossingValue> values_;
    std::map<int64_t, std::unique_ptr<DecoderForm>> forms_;
};

} // namespace mixllm
