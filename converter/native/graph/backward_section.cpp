#include "graph/backward_section.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>

#include "calibration/output_moment.h"
#include "graph/expert_salience.h"
#include "graph/feedback_share.h"
#include "graph/linears.h"
#include "graph/replay.h"

namespace mixllm {

namespace {

/// One linear's share of a batch's graph: what comes out of it.
struct Measure {
    std::string name;
    int64_t channels;
    std::vector<float> first_order; ///< [samples][channels], sums over tokens
    std::vector<float> squares;
};

/// Loss gradients at a linear's outputs that go into its moment.
struct MomentPart {
    std::string name;
    int64_t channels;
    int64_t tokens;               ///< of a sample
    std::vector<float> gradients; ///< [samples][tokens][channels]
};

/// Sums over the tokens of each sample: `[channels, tokens of all samples]` to `[1, channels, samples]`.
ggml_tensor* sum_by_sample(ggml_context* context, ggml_tensor* product, int64_t sequences) {
    ggml_tensor* by_sample = ggml_reshape_3d(context, product, product->ne[0],
                                             ggml_nelements(product) / product->ne[0] / sequences, sequences);
    return ggml_sum_rows(context, ggml_cont(context, ggml_permute(context, by_sample, 1, 0, 2, 3)));
}

ggml_tensor* add_or(ggml_context* context, ggml_tensor* sum, ggml_tensor* next) {
    return sum == nullptr ? next : ggml_add(context, sum, next);
}

void assert_complete(const std::vector<MissingRule>& missing) {
    if (!missing.empty()) {
        const MissingRule& first = missing.front();
        throw std::runtime_error("no gradient leads through " + first.op + " of " + first.tensor + ": " + first.reason);
    }
}

} // namespace

size_t backward_nodes(const Section& section) {
    return 256 + 41 * section.nodes.size() + section.weights.size();
}

std::unordered_map<std::string, SectionWeights::Copies> backward_copies(const ModelGraph& graph, const Section& section,
                                                                        const std::vector<std::string>& linears,
                                                                        const WeightSources& sources) {
    std::unordered_map<std::string, SectionWeights::Copies> copies;
    for (const ggml_tensor* node : section.nodes) {
        if ((node->op == GGML_OP_MUL_MAT || node->op == GGML_OP_MUL_MAT_ID) &&
            graph.is_leaf(node->src[0], ModelGraph::Leaf::weight)) {
            copies.emplace(node->src[0]->name, SectionWeights::Copies::transpose);
        }
    }
    for (const std::string& name : linears) {
        const auto source = sources.find(name);
        // Factors of rows, powers of two, go through rounding unchanged.
        const bool is_equalized = source != sources.end() && source->second.column_factors != nullptr;
        copies[name] = is_equalized ? SectionWeights::Copies::transpose_and_both_roundings
                                    : SectionWeights::Copies::transpose_and_rounding;
    }
    return copies;
}

namespace {

/// An input of products, as the model's graph has it, and the linears that multiply it.
struct SharedInput {
    ggml_tensor* tensor;
    std::vector<std::string> linears;
};

/// A section's forward and backward pass of one batch as graph nodes.
class BackwardGraph {
public:
    /// Where a batch's inputs come from, by number of the crossing value.
    using MakeInput = std::function<ggml_tensor*(size_t number)>;

    BackwardGraph(Graph& graph, const DecoderForm& form, size_t section, const SectionWeights& weights,
                  const int32_t* tokens)
        : context_(graph.context()), form_(form), section_(form.sections[section]), weights_(weights),
          replay_(graph, form.graph, weights, tokens) {}

    /**
     * @param linears those to measure
     * @param outputs the values whose gradient is known
     */
    void build(const std::vector<std::string>& linears, const std::vector<size_t>& inputs, const MakeInput& value,
               const std::vector<size_t>& outputs, const MakeInput& gradient) {
        std::vector<ggml_tensor*> wanted;
        for (const size_t number : inputs) {
            wanted.push_back(value(number));
            replay_.bind(form_.values[number], wanted.back());
        }
        std::vector<Seed> seeds;
        for (const size_t number : outputs) {
            seeds.push_back({replay_.make(form_.values[number]), gradient(number)});
        }
        for (Linear& linear : find_linears(form_.graph, section_)) {
            if (std::find(linears.begin(), linears.end(), linear.name()) != linears.end()) {
                measured_.push_back(std::move(linear));
            }
        }
        for (const Linear& linear : measured_) {
            for (ggml_tensor* product : linear.products) {
                wanted.push_back(replay_.make(product));
            }
        }
        std::unordered_map<const ggml_tensor*, ggml_tensor*> transposes;
        for (const ggml_tensor* leaf : section_.weights) {
            if (ggml_tensor* transposed = weights_.transposed(leaf)) {
                transposes.emplace(weights_.values(leaf), transposed);
            }
        }
        found_ = differentiate(context_, replay_.nodes(), seeds, wanted, [&](ggml_tensor* weight) {
            const auto transposed = transposes.find(weight);
            return transposed == transposes.end() ? nullptr : transposed->second;
        });
        // Gradients come from the last linear to the first: measured in that order, none waits in memory for long.
        std::reverse(measured_.begin(), measured_.end());
    }

    const std::vector<MissingRule>& missing() const { return found_.missing; }
    const std::vector<Linear>& measured() const { return measured_; }

    /// Null where nothing leads to an output.
    ggml_tensor* gradient_at(size_t number) { return gradient_of(form_.values[number]); }

    /// What the measured linears multiply, of a linear used more than once its first use.
    std::vector<SharedInput> inputs() const {
        std::vector<SharedInput> found;
        for (const Linear& linear : measured_) {
            ggml_tensor* tensor = linear.products.front()->src[1];
            const auto known = std::find_if(found.begin(), found.end(),
                                            [&](const SharedInput& other) { return other.tensor == tensor; });
            if (known != found.end()) {
                known->linears.push_back(linear.name());
            } else {
                found.push_back({tensor, {linear.name()}});
            }
        }
        return found;
    }

    /// The values of an input, contiguous and made by the graph.
    ggml_tensor* make_input(const SharedInput& input) {
        ggml_tensor* own = replay_.make(input.tensor);
        return own->op == GGML_OP_NONE || !ggml_is_contiguous(own) ? ggml_cont(context_, own) : own;
    }

    /// The loss gradients at the linear's outputs, of each of its products, of one in `step` tokens of each sample:
    /// `[samples][tokens][channels]`.
    std::vector<ggml_tensor*> make_gradients(const Linear& linear, int64_t step) {
        std::vector<ggml_tensor*> gradients;
        for (ggml_tensor* product : linear.products) {
            ggml_tensor* all = gradient_of(product);
            if (all == nullptr) {
                continue;
            }
            all = ggml_is_contiguous(all) ? all : ggml_cont(context_, all);
            const int64_t samples = form_.graph.sequences();
            const int64_t tokens = ggml_nelements(all) / all->ne[0] / samples;
            // Not the first token, which is like no other.
            const int64_t first = std::min(std::max<int64_t>(step / 2, 1), tokens - 1);
            ggml_tensor* some =
                ggml_view_3d(context_, all, all->ne[0], (tokens - first + step - 1) / step, samples,
                             static_cast<size_t>(step) * all->nb[1], static_cast<size_t>(tokens) * all->nb[1],
                             static_cast<size_t>(first) * all->nb[1]);
            gradients.push_back(ggml_cont(context_, some)); // a view would keep all of it in memory
        }
        return gradients;
    }

    /// The change of the loss by each channel of a linear: its sum over a sample's tokens, and that of its square.
    std::pair<ggml_tensor*, ggml_tensor*> make_sums(const Linear& linear) {
        ggml_tensor* sums = nullptr;
        ggml_tensor* squares = nullptr;
        for (ggml_tensor* product : linear.products) {
            ggml_tensor* gradient = gradient_of(product);
            if (gradient == nullptr) {
                continue; // it leads to nothing that later sections read
            }
            ggml_tensor* rounding = weights_.rounding(linear.weight);
            ggml_tensor* own_rounding = weights_.own_rounding(linear.weight);
            ggml_tensor* x = replay_.make(product->src[1]);
            const int64_t samples = form_.graph.sequences();
            if (linear.is_stacked()) {
                ggml_tensor* ids = replay_.make(product->src[2]);
                auto [first, second] = sum_expert_changes(context_, rounding, x, gradient, ids, samples);
                if (own_rounding != rounding) {
                    first = sum_expert_changes(context_, own_rounding, x, gradient, ids, samples).first;
                }
                sums = add_or(context_, sums, first);
                squares = add_or(context_, squares, second);
                continue;
            }
            ggml_tensor* change = ggml_mul(context_, multiply(context_, rounding, x), gradient);
            ggml_tensor* own_change =
                own_rounding == rounding ? change : ggml_mul(context_, multiply(context_, own_rounding, x), gradient);
            sums = add_or(context_, sums, sum_by_sample(context_, own_change, samples));
            squares = add_or(context_, squares, sum_by_sample(context_, ggml_sqr(context_, change), samples));
        }
        return {sums, squares};
    }

private:
    ggml_tensor* gradient_of(ggml_tensor* original) {
        const auto gradient = found_.gradients.find(replay_.make(original));
        return gradient == found_.gradients.end() ? nullptr : gradient->second;
    }

    ggml_context* context_;
    const DecoderForm& form_;
    const Section& section_;
    const SectionWeights& weights_;
    Replay replay_;
    std::vector<Linear> measured_;
    Differentiation found_;
};

std::vector<size_t> keys(const ValuePaths& paths) {
    std::vector<size_t> numbers;
    for (const auto& [number, path] : paths) {
        numbers.push_back(number);
    }
    return numbers;
}

} // namespace

std::unordered_map<std::string, ChannelSalience>
backward_section(Engine& engine, Decoder& decoder, size_t section, const std::vector<std::string>& linears,
                 const WeightSources& sources, const Calibration& calibration, const ValuePaths& inputs,
                 const GradientFiles& gradients, Sought sought) {
    const bool has_salience = sought == Sought::salience;
    const ModelGraph& single = decoder.single().graph;
    const Section& one = decoder.single().sections[section];
    const std::vector<std::string> rounded = has_salience ? linears : std::vector<std::string>();
    const SectionWeights weights(engine, single, one, sources, backward_copies(single, one, rounded, sources));
    const auto open_all = [&](const ValuePaths& paths) {
        std::map<size_t, ValueReader> readers;
        for (const auto& [number, path] : paths) {
            readers.emplace(number, ValueReader(path, decoder.values()[number].floats, calibration.samples));
        }
        return readers;
    };
    std::map<size_t, ValueReader> values = open_all(inputs);
    std::map<size_t, ValueReader> at_outputs = open_all(gradients.outputs);
    std::map<size_t, ValueReader> later = open_all(gradients.later);
    std::map<size_t, ValueWriter> at_inputs;
    for (const auto& [number, path] : gradients.inputs) {
        at_inputs.emplace(number, ValueWriter(path, decoder.values()[number].floats));
    }

    std::unordered_map<std::string, std::vector<double>> taylor;
    std::unordered_map<std::string, std::vector<double>> fisher;
    std::map<std::string, FeedbackShare> shares; // by the first of the linears that multiply an input
    std::map<std::string, std::string> share_of;
    std::map<std::string, OutputMoment> moments;
    for (int64_t first = 0; first < calibration.samples; first += calibration.batch_samples) {
        const int64_t sequences = std::min(calibration.batch_samples, calibration.samples - first);
        const DecoderForm& form = decoder.form(sequences);
        Graph graph(engine, backward_nodes(form.sections[section]));
        const auto input_from = [&](std::map<size_t, ValueReader>& readers) {
            return [&](size_t number) {
                const std::vector<float>& value = readers.at(number).read(first, sequences, form.layouts[number]);
                return graph.input(form.values[number], value.data());
            };
        };
        BackwardGraph backward(graph, form, section, weights, calibration.tokens.data() + first * calibration.length);
        backward.build(linears, keys(inputs), input_from(values), keys(gradients.outputs), input_from(at_outputs));
        assert_complete(backward.missing());

        std::vector<Measure> measures;
        measures.reserve(backward.measured().size()); // the graph keeps pointers into them
        const std::vector<Linear> ranked = has_salience ? backward.measured() : std::vector<Linear>();
        for (const Linear& linear : ranked) {
            const auto [sums, squares] = backward.make_sums(linear);
            const size_t count = linear.channels() * static_cast<size_t>(sequences);
            measures.push_back({linear.name(), static_cast<int64_t>(linear.channels()), std::vector<float>(count),
                                std::vector<float>(count)});
            if (sums != nullptr) {
                graph.output(sums, measures.back().first_order.data());
                graph.output(squares, measures.back().squares.data());
            }
        }
        std::vector<MomentPart> parts;
        for (const Linear& linear : backward.measured()) {
            if (linear.is_stacked()) {
                continue;
            }
            const int64_t step = has_salience ? calibration.token_step() : 1;
            for (ggml_tensor* gradient : backward.make_gradients(linear, step)) {
                parts.push_back({linear.name(), gradient->ne[0], gradient->ne[1],
                                 std::vector<float>(static_cast<size_t>(ggml_nelements(gradient)))});
                graph.output(gradient, parts.back().gradients.data());
            }
            moments.try_emplace(linear.name(), linear.channels());
        }
        std::map<std::string, std::vector<float>> multiplied;
        const std::vector<SharedInput> shared = has_salience ? backward.inputs() : std::vector<SharedInput>();
        for (const SharedInput& input : shared) {
            const std::string& first_linear = input.linears.front();
            for (const std::string& name : input.linears) {
                share_of[name] = first_linear;
            }
            const auto share = shares.try_emplace(first_linear, static_cast<size_t>(input.tensor->ne[0])).first;
            if (!share->second.is_enough()) {
                std::vector<float>& x = multiplied[first_linear];
                x.resize(static_cast<size_t>(ggml_nelements(input.tensor)));
                graph.output(backward.make_input(input), x.data());
            }
        }
        for (auto& [number, writer] : at_inputs) {
            ggml_tensor* gradient = backward.gradient_at(number);
            if (later.count(number) != 0) {
                gradient = add_or(graph.context(), gradient, input_from(later)(number));
            }
            float* out = writer.prepare(sequences);
            if (gradient != nullptr) {
                graph.output(gradient, out);
            } else {
                std::fill_n(out, sequences * decoder.values()[number].floats, 0.0f);
            }
        }
        graph.compute();

        for (const auto& [name, x] : multiplied) {
            FeedbackShare& share = shares.at(name);
            const size_t columns = share.inputs();
            const size_t rows = x.size() / columns;
            const size_t piece = rows / static_cast<size_t>(sequences) *
                                 static_cast<size_t>(calibration.samples_per_sum()); // whatever the batches
            for (size_t row = 0; row < rows && !share.is_enough(); row += piece) {
                share.add(engine, x.data() + row * columns, static_cast<int64_t>(std::min(piece, rows - row)));
            }
        }
        for (const MomentPart& part : parts) {
            const int64_t rows = static_cast<int64_t>(part.gradients.size()) / part.channels;
            const int64_t piece = part.tokens * calibration.samples_per_sum(); // whatever the batches
            for (int64_t row = 0; row < rows; row += piece) {
                moments.at(part.name).add(engine, part.gradients.data() + row * part.channels,
                                          std::min(piece, rows - row));
            }
        }
        for (auto& [number, writer] : at_inputs) {
            writer.append(sequences, form.layouts[number]);
        }
        for (const Measure& measure : measures) {
            const auto channels = static_cast<size_t>(measure.channels);
            std::vector<double>& s = taylor[measure.name];
            std::vector<double>& t = fisher[measure.name];
            s.resize(channels);
            t.resize(channels);
            for (size_t i = 0; i < measure.first_order.size(); i++) {
                const double m = measure.first_order[i];
                s[i % channels] += std::fabs(m + 0.5 * m * m);
                t[i % channels] += measure.squares[i];
            }
        }
    }
    for (auto& [number, writer] : at_inputs) {
        writer.finish();
    }
    std::map<std::string, float> feedback;
    for (const auto& [name, share] : shares) {
        feedback.emplace(name, share.value(engine.workers()));
    }
    std::unordered_map<std::string, ChannelSalience> salience;
    for (const auto& [name, sums] : taylor) {
        ChannelSalience& result = salience[name];
        result.feedback = feedback.at(share_of.at(name));
        for (size_t c = 0; c < sums.size(); c++) {
            result.taylor.push_back(static_cast<float>(sums[c] / static_cast<double>(calibration.samples)));
            result.fisher.push_back(static_cast<float>(fisher[name][c] / static_cast<double>(calibration.samples)));
        }
    }
    for (const auto& [name, moment] : moments) {
        salience[name].moment = moment.values();
    }
    return salience;
}

SectionCost measure_section(Engine& engine, const Decoder& decoder, size_t section) {
    const DecoderForm& form = decoder.single();
    const Section& own = form.sections[section];
    std::vector<std::string> linears;
    for (const Linear& linear : find_linears(form.graph, own)) {
        linears.push_back(linear.name());
    }
    const SectionWeights weights(engine, form.graph, own, backward_copies(form.graph, own, linears));
    Graph graph(engine, backward_nodes(own));
    const auto input = [&](size_t number) { return graph.input(form.values[number], nullptr); };
    BackwardGraph backward(graph, form, section, weights, nullptr);
    backward.build(linears, form.numbers(own.inputs), input, form.numbers(own.outputs), input);
    for (const Linear& linear : backward.measured()) {
        const auto [sums, squares] = backward.make_sums(linear);
        if (sums != nullptr) {
            graph.output(sums, nullptr);
            graph.output(squares, nullptr);
        }
    }
    size_t hessians = 0;
    size_t multiplied = 0;
    size_t gradients = 0;
    for (const Linear& linear : backward.measured()) {
        if (linear.is_stacked()) {
            continue;
        }
        hessians += OutputMoment::bytes(linear.channels());
        for (ggml_tensor* gradient : backward.make_gradients(linear, Calibration::least_token_step)) {
            gradients += ggml_nbytes(gradient);
        }
    }
    for (const SharedInput& input : backward.inputs()) {
        graph.output(backward.make_input(input), nullptr);
        hessians += FeedbackShare::bytes(static_cast<size_t>(input.tensor->ne[0]));
        multiplied += static_cast<size_t>(ggml_nelements(input.tensor)) * sizeof(float);
    }
    for (const size_t number : form.numbers(own.inputs)) {
        if (ggml_tensor* gradient = backward.gradient_at(number)) {
            graph.output(gradient, nullptr);
        }
    }
    // Gradients are there twice, in the graph and as what comes out of it.
    return {weights.bytes() + hessians, graph.measure() + multiplied + 2 * gradients, backward.missing()};
}

} // namespace mixllm
