#include "graph/quantize_section.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <unordered_set>

#include "calibration/moments.h"
#include "calibration/output_moment.h"
#include "calibration/transpose.h"
#include "differentiate/differentiate.h"
#include "graph/backward_section.h"
#include "graph/correct_weights.h"
#include "graph/quantization_stages.h"
#include "graph/quantize_experts.h"
#include "graph/replay.h"
#include "graph/run_section.h"
#include "quantize/rounding.h"
#include "quantize/scale_range_error.h"

namespace mixllm {

namespace {

/// A batch's values by number of the section's node or, behind those, of its input.
using BatchValues = std::map<size_t, std::vector<float>>;

/// A batch's inputs of products, as the model's graph has them.
using RoundedInputs = std::unordered_map<const ggml_tensor*, std::vector<float>>;

/// Rows of a product's input, or of a sum, lie sequence after sequence.
constexpr SampleLayout by_sample{0, 1};

class Run {
public:
    Run(Engine& engine, Decoder& decoder, size_t section, const WeightSources& sources, const Calibration& calibration,
        const std::unordered_map<std::string, QuantizationRequest>& requests, const QuantizationOptions& options,
        const QuantizationFiles& files)
        : engine_(engine), decoder_(decoder), section_(section), sources_(sources), calibration_(calibration),
          requests_(requests), options_(options), files_(files),
          weights_(engine, decoder.single().graph, decoder.single().sections[section], sources) {
        std::unordered_set<std::string> wanted;
        for (const auto& [name, request] : requests) {
            wanted.insert(name);
        }
        stages_ = plan_stages(decoder.single(), section, wanted);
        for (const QuantizationStage& stage : stages_) {
            // With nothing to quantize any more, a number in the float model's files stays what it is.
            targets_.push_back(stage.sum != QuantizationStage::no_sum ? stage.sum
                               : stage.products.empty()               ? QuantizationStage::no_sum
                                                                      : stage.products.front());
        }
    }

    std::unordered_map<std::string, QuantizationOutcome> quantize() {
        run_float_model();
        for (size_t input = 0; input < single().inputs.size(); input++) {
            kept_[nodes() + input] = files_.inputs.at(value_number(nodes() + input));
        }
        for (size_t s = 0; s < stages_.size(); s++) {
            if (is_of_experts(s)) {
                quantize_expert_stage(s);
            } else if (!stages_[s].linears.empty()) {
                quantize_stage(s);
            }
            pass(s);
        }
        for (size_t s = 0; s < stages_.size(); s++) {
            if (!stages_[s].linears.empty() && !is_passed(s)) {
                remove(target_path(s));
            }
        }
        return std::move(result_);
    }

private:
    const Section& single() const { return decoder_.single().sections[section_]; }
    size_t nodes() const { return single().nodes.size(); }

    /// The tensor that a number stands for in a form.
    ggml_tensor* tensor(const DecoderForm& form, size_t number) const {
        const Section& own = form.sections[section_];
        return number < nodes() ? own.nodes[number] : own.inputs[number - nodes()];
    }

    size_t number_of(const ggml_tensor* tensor) const {
        const auto node = std::find(single().nodes.begin(), single().nodes.end(), tensor);
        if (node != single().nodes.end()) {
            return static_cast<size_t>(node - single().nodes.begin());
        }
        const auto input = std::find(single().inputs.begin(), single().inputs.end(), tensor);
        return nodes() + static_cast<size_t>(input - single().inputs.begin());
    }

    size_t value_number(size_t number) const {
        return decoder_.single().number_of.at(tensor(decoder_.single(), number));
    }

    int64_t floats_of(size_t number) const { return ggml_nelements(tensor(decoder_.single(), number)); }

    SampleLayout layout_of(const DecoderForm& form, size_t number) const {
        return find_layout(tensor(form, number), tensor(decoder_.single(), number), form.graph.sequences());
    }

    /// What the errors a stage makes good for are measured at: a sum, or the input of its products.
    ggml_tensor* target_of(const DecoderForm& form, size_t stage) const {
        ggml_tensor* node = tensor(form, targets_[stage]);
        return stages_[stage].sum != QuantizationStage::no_sum ? node : node->src[1];
    }

    /// The file of the float model's target: a sum that the section passes on is in a file anyway.
    std::string target_path(size_t stage) const {
        const DecoderForm& form = decoder_.single();
        const auto passed = form.number_of.find(tensor(form, targets_[stage]));
        return is_passed(stage) ? files_.float_outputs.at(passed->second)
                                : files_.scratch + ".float." + std::to_string(stage);
    }

    bool is_passed(size_t stage) const {
        return stages_[stage].sum != QuantizationStage::no_sum &&
               std::find(single().outputs.begin(), single().outputs.end(),
                         tensor(decoder_.single(), targets_[stage])) != single().outputs.end() &&
               decoder_.single().number_of.count(tensor(decoder_.single(), targets_[stage])) != 0;
    }

    float strength_of(size_t stage) const {
        const bool of_sum = stages_[stage].sum != QuantizationStage::no_sum;
        if (!of_sum && is_of_experts(stage) && first_product(decoder_.single(), stage)->src[1]->ne[1] != 1) {
            return 0.0f; // the float model may have chosen other experts: there is nothing to compare with
        }
        return stages_[stage].sum != QuantizationStage::no_sum ? options_.correction : options_.propagation;
    }

    ggml_tensor* first_product(const DecoderForm& form, size_t stage) const {
        return tensor(form, stages_[stage].products.front());
    }

    bool is_of_experts(size_t stage) const {
        return !stages_[stage].products.empty() && first_product(decoder_.single(), stage)->op == GGML_OP_MUL_MAT_ID;
    }

    static void remove(const std::string& path) { std::filesystem::remove(std::filesystem::u8path(path)); }

    template <typename Work>
    void for_each_batch(const Work& work) {
        for (int64_t first = 0; first < calibration_.samples; first += calibration_.batch_samples) {
            work(first, decoder_.form(std::min(calibration_.batch_samples, calibration_.samples - first)));
        }
    }

    /// A graph of the section, values bound to what stands for them.
    struct Replayed {
        Replayed(Run& run, int64_t first, const DecoderForm& form, const BatchValues& values)
            : graph(run.engine_, backward_nodes(form.sections[run.section_])),
              replay(graph, form.graph, run.weights_,
                     run.calibration_.tokens.data() + first * run.calibration_.length) {
            for (const auto& [number, value] : values) {
                ggml_tensor* tensor = run.tensor(form, number);
                replay.bind(tensor, graph.input(tensor, value.data()));
            }
        }

        /// Copies a value to `out` after the run.
        void output(ggml_tensor* original, std::vector<float>& out) {
            out.resize(static_cast<size_t>(ggml_nelements(original)));
            ggml_tensor* own = replay.make(original);
            // What is bound itself is no node, and a graph of no nodes does not run.
            graph.output(own->op == GGML_OP_NONE ? ggml_cont(graph.context(), own) : own, out.data());
        }

        Graph graph;
        Replay replay;
    };

    /// The float model's values that stages compare with, before any weight is replaced.
    void run_float_model() {
        std::map<size_t, ValueReader> readers;
        std::map<size_t, ValueWriter> outputs;
        std::map<size_t, ValueWriter> targets;
        for (const auto& [value, path] : files_.float_inputs) {
            readers.emplace(value, ValueReader(path, decoder_.values()[value].floats, calibration_.samples));
        }
        for (const auto& [value, path] : files_.float_outputs) {
            if (!std::filesystem::exists(std::filesystem::u8path(path))) {
                outputs.emplace(value, ValueWriter(path, decoder_.values()[value].floats));
            }
        }
        for (size_t s = 0; s < stages_.size(); s++) {
            if (!stages_[s].linears.empty() && strength_of(s) > 0.0f && !is_passed(s)) {
                targets.emplace(s, ValueWriter(target_path(s), ggml_nelements(target_of(decoder_.single(), s))));
            }
        }
        if (outputs.empty() && targets.empty()) {
            return;
        }
        std::vector<float> target;
        for_each_batch([&](int64_t first, const DecoderForm& form) {
            const int64_t sequences = form.graph.sequences();
            BatchValues values;
            for (auto& [value, reader] : readers) {
                const size_t number = number_of(decoder_.single().values[value]);
                values.emplace(number, reader.read(first, sequences, form.layouts[value]));
            }
            Replayed run(*this, first, form, values);
            for (auto& [value, writer] : outputs) {
                run.graph.output(run.replay.make(form.values[value]), writer.prepare(sequences));
            }
            for (auto& [s, writer] : targets) {
                ggml_tensor* own = run.replay.make(target_of(form, s));
                run.graph.output(own->op == GGML_OP_NONE ? ggml_cont(run.graph.context(), own) : own,
                                 writer.prepare(sequences));
            }
            run.graph.compute();
            for (auto& [value, writer] : outputs) {
                writer.append(sequences, form.layouts[value]);
            }
            for (auto& [s, writer] : targets) {
                writer.append(sequences, by_sample);
            }
        });
        for (auto& [value, writer] : outputs) {
            writer.finish();
        }
        for (auto& [s, writer] : targets) {
            writer.finish();
        }
    }

    /// What crosses the beginning of a stage, of one batch.
    BatchValues read_kept(size_t stage, int64_t first, const DecoderForm& form,
                          std::map<size_t, ValueReader>& readers) {
        BatchValues values;
        for (const size_t number : crossing(stages_[stage].begin)) {
            auto reader = readers.find(number);
            if (reader == readers.end()) {
                reader = readers.emplace(number, ValueReader(kept_.at(number), floats_of(number), calibration_.samples))
                             .first;
            }
            values.emplace(number, reader->second.read(first, form.graph.sequences(), layout_of(form, number)));
        }
        return values;
    }

    std::vector<size_t> crossing(size_t place) const {
        std::vector<size_t> numbers;
        for (const ggml_tensor* tensor :
             find_crossing(decoder_.single().graph, single().nodes, single().outputs, place)) {
            numbers.push_back(number_of(tensor));
        }
        return numbers;
    }

    /// Calls `work(first token, tokens)` for the pieces of a batch's rows whose products are summed in float.
    template <typename Work>
    void for_each_sum(const DecoderForm& form, int64_t rows, const Work& work) {
        const int64_t piece = calibration_.samples_per_sum() * (rows / form.graph.sequences());
        for (int64_t first = 0; first < rows; first += piece) {
            work(first, std::min(piece, rows - first));
        }
    }

    void quantize_stage(size_t s) {
        const QuantizationStage& stage = stages_[s];
        const std::vector<Linear> linears = find_linears(decoder_.single().graph, single());
        const auto find = [&](const std::vector<Linear>& all, const std::string& name) -> const Linear& {
            return *std::find_if(all.begin(), all.end(), [&](const Linear& each) { return each.name() == name; });
        };
        const auto inputs = static_cast<size_t>(find(linears, stage.linears.front()).weight->ne[0]);
        std::optional<Hessian> hessian(std::in_place, inputs);
        const bool of_sum = stage.sum != QuantizationStage::no_sum;
        const float strength = strength_of(s);
        const auto residuals = static_cast<size_t>(target_of(decoder_.single(), s)->ne[0]);
        std::optional<ValueReader> floats;
        std::optional<CrossMoment> cross;
        if (strength > 0.0f) {
            floats.emplace(target_path(s), ggml_nelements(target_of(decoder_.single(), s)), calibration_.samples);
            cross.emplace(residuals, inputs);
        }
        std::map<size_t, ValueReader> readers;
        std::vector<float> difference;
        for_each_batch([&](int64_t first, const DecoderForm& form) {
            const BatchValues values = read_kept(s, first, form, readers);
            Replayed run(*this, first, form, values);
            const std::vector<Linear> own = find_linears(form.graph, form.sections[section_]);
            const Linear& linear = find(own, stage.linears.front());
            std::vector<std::vector<float>> x(linear.products.size());
            for (size_t p = 0; p < x.size(); p++) {
                run.output(linear.products[p]->src[1], x[p]);
            }
            std::vector<float> reached;
            if (cross && of_sum) {
                run.output(target_of(form, s), reached);
            }
            run.graph.compute();
            for (const std::vector<float>& product : x) {
                for_each_sum(form, static_cast<int64_t>(product.size() / inputs), [&](int64_t begin, int64_t count) {
                    hessian->add(engine_, product.data() + static_cast<size_t>(begin) * inputs, count);
                });
            }
            if (!cross) {
                return;
            }
            // A weight that is used more than once is corrected by its first use.
            const std::vector<float>& is = of_sum ? reached : x.front();
            const std::vector<float>& wanted = floats->read(first, form.graph.sequences(), by_sample);
            difference.resize(is.size());
            engine_.workers().for_each_block(is.size(), 1 << 16, [&](size_t begin, size_t end) {
                for (size_t i = begin; i < end; i++) {
                    difference[i] = wanted[i] - is[i];
                }
            });
            for_each_sum(form, static_cast<int64_t>(x.front().size() / inputs), [&](int64_t begin, int64_t count) {
                cross->add(engine_, difference.data() + static_cast<size_t>(begin) * residuals,
                           x.front().data() + static_cast<size_t>(begin) * inputs, count);
            });
        });
        double damping = options_.damping;
        const std::unique_ptr<HessianFactor> factor = factorize_hessian(hessian->values(), damping, engine_.workers());
        hessian.reset(); // for wide inputs the largest thing in memory
        std::vector<float> values;
        for (const std::string& name : stage.linears) {
            const std::vector<uint8_t>& is_8bit = requests_.at(name).is_8bit;
            const SourceRows& source = sources_.at(name);
            values.resize(source.count());
            source.load(values.data(), engine_.workers());
            if (factor != nullptr && cross) {
                regress_on(engine_, values, *cross, *factor, !of_sum, strength);
            }
            const std::vector<uint16_t>& moment = requests_.at(name).moment;
            const std::vector<RowChain> chains =
                moment.empty() ? std::vector<RowChain>()
                               : make_chains(moment, is_8bit, source.row_factors, engine_.workers());
            QuantizedLinear quantized = with_weight_named("tensor \"" + name + "\"", [&] {
                return factor != nullptr
                           ? gptq(values.data(), is_8bit, *factor, chains, options_.clip, engine_.workers())
                           : round_linear(values.data(), is_8bit, inputs, engine_.workers());
            });
            result_.emplace(name, QuantizationOutcome{std::move(quantized), factor != nullptr ? damping : 0.0, {}});
            QuantizedLinear& linear = *result_.at(name).linear;
            weights_.replace(find(linears, name).weight, linear.values.data());
            linear.values = {}; // the device has them now
        }
    }

    /// Quantizes stacks of experts that share their inputs, one expert after another, on what the router chooses.
    void quantize_expert_stage(size_t s) {
        const QuantizationStage& stage = stages_[s];
        const bool of_sum = stage.sum != QuantizationStage::no_sum;
        const float strength = strength_of(s);
        const ggml_tensor* one = first_product(decoder_.single(), s);
        const auto inputs = static_cast<size_t>(one->src[0]->ne[0]);
        const auto experts = static_cast<size_t>(one->src[0]->ne[2]);
        const int64_t used = one->src[2]->ne[0];
        const int64_t inputs_per_token = one->src[1]->ne[1];
        const auto width = static_cast<size_t>(target_of(decoder_.single(), s)->ne[0]);

        RowFile x(files_.scratch + ".experts", inputs);
        ExpertInputs chosen{x, std::vector<std::vector<ExpertInput>>(experts)};
        std::optional<RowFile> missing;
        std::optional<ValueReader> floats;
        if (strength > 0.0f) {
            missing.emplace(files_.scratch + ".missing", width);
            floats.emplace(target_path(s), ggml_nelements(target_of(decoder_.single(), s)), calibration_.samples);
        }
        std::map<size_t, ValueReader> readers;
        for_each_batch([&](int64_t first, const DecoderForm& form) {
            const BatchValues values = read_kept(s, first, form, readers);
            Replayed run(*this, first, form, values);
            ggml_tensor* product = first_product(form, s);
            const int64_t tokens = form.graph.tokens();
            const int64_t first_token = first * calibration_.length;
            std::vector<float> rows;
            std::vector<float> reached;
            std::vector<int32_t> ids(static_cast<size_t>(used * tokens));
            std::vector<float> factors(ids.size(), 1.0f);
            const std::vector<float> ones(of_sum ? width * static_cast<size_t>(tokens) : 0, 1.0f);
            Differentiation found;
            run.output(product->src[1], rows);
            run.graph.output(ggml_cont(run.graph.context(), run.replay.make(product->src[2])),
                             reinterpret_cast<float*>(ids.data()));
            if (of_sum) {
                ggml_tensor* sum = target_of(form, s);
                run.output(sum, reached);
                // The sum is linear in the experts' outputs: its gradient at one is the factor that goes with it.
                ggml_tensor* own = run.replay.make(product);
                ggml_tensor* seed = run.graph.input(sum, ones.data());
                found =
                    differentiate(run.graph.context(), run.replay.nodes(), {{run.replay.make(sum), seed}}, {own}, {});
                ggml_tensor* gradient = found.gradients.at(own);
                run.graph.output(
                    ggml_cont(run.graph.context(), ggml_view_3d(run.graph.context(), gradient, 1, used, tokens,
                                                                gradient->nb[1], gradient->nb[2], 0)),
                    factors.data());
            }
            run.graph.compute();
            x.write(first_token * inputs_per_token, tokens * inputs_per_token, rows.data());
            for (int64_t t = 0; t < tokens; t++) {
                for (int64_t slot = 0; slot < used; slot++) {
                    const auto at = static_cast<size_t>(t * used + slot);
                    chosen.chosen[static_cast<size_t>(ids[at])].push_back(
                        {(first_token + t) * inputs_per_token + slot % inputs_per_token, first_token + t, factors[at]});
                }
            }
            if (missing) {
                const std::vector<float>& wanted = floats->read(first, form.graph.sequences(), by_sample);
                std::vector<float>& is = of_sum ? reached : rows;
                for (size_t i = 0; i < is.size(); i++) {
                    is[i] = wanted[i] - is[i];
                }
                missing->write(first_token, tokens, is.data());
            }
        });

        const std::vector<Linear> linears = find_linears(decoder_.single().graph, single());
        std::vector<ExpertLinear> stacks;
        for (const std::string& name : stage.linears) {
            const Linear& linear =
                *std::find_if(linears.begin(), linears.end(), [&](const Linear& each) { return each.name() == name; });
            const QuantizationRequest& request = requests_.at(name);
            const ExpertRows& source = *weights_.experts(linear.weight);
            packed_.push_back(std::make_unique<PackedExperts>(source, request.experts, inputs));
            stacks.push_back(
                {name, source, *packed_.back(), request.is_8bit, static_cast<size_t>(linear.weight->ne[1])});
        }
        std::optional<ExpertResiduals> residuals;
        if (missing) {
            residuals.emplace(ExpertResiduals{*missing, !of_sum, strength});
        }
        const double damping = quantize_experts(engine_, stacks, chosen, residuals ? &*residuals : nullptr,
                                                {options_.clip, options_.damping});
        std::vector<int64_t> tokens;
        for (const std::vector<ExpertInput>& own : chosen.chosen) {
            tokens.push_back(static_cast<int64_t>(own.size()));
        }
        for (size_t l = 0; l < stage.linears.size(); l++) {
            const Linear& linear = *std::find_if(linears.begin(), linears.end(),
                                                 [&](const Linear& each) { return each.name() == stage.linears[l]; });
            weights_.replace(linear.weight, &stacks[l].destination);
            result_.emplace(stage.linears[l], QuantizationOutcome{std::nullopt, damping, tokens});
        }
    }

    /// Passes the samples from a stage's beginning to its end, linears' inputs in 8 bits.
    void pass(size_t s) {
        const QuantizationStage& stage = stages_[s];
        const bool is_last = s + 1 == stages_.size();
        std::map<size_t, ValueWriter> writers; // by number
        if (is_last) {
            for (const auto& [value, path] : files_.outputs) {
                writers.emplace(number_of(decoder_.single().values[value]),
                                ValueWriter(path, decoder_.values()[value].floats));
            }
        } else {
            for (const size_t number : crossing(stage.end)) {
                if (kept_.count(number) == 0) {
                    const std::string path = files_.scratch + "." + std::to_string(number);
                    writers.emplace(number, ValueWriter(path, floats_of(number)));
                    made_.emplace(number, path);
                }
            }
        }
        std::map<size_t, ValueReader> readers;
        for_each_batch([&](int64_t first, const DecoderForm& form) {
            const int64_t sequences = form.graph.sequences();
            const BatchValues values = read_kept(s, first, form, readers);
            const RoundedInputs rounded = round_inputs(stage, first, form, values);
            Replayed run(*this, first, form, values);
            std::unordered_map<const ggml_tensor*, ggml_tensor*> inputs;
            for (ggml_tensor* product : quantized_products(stage, form)) {
                ggml_tensor*& input = inputs[product->src[1]];
                input = input != nullptr ? input : run.graph.input(product->src[1], rounded.at(product->src[1]).data());
                ggml_tensor* weight = weights_.values(product->src[0]);
                run.replay.bind(product, product->op == GGML_OP_MUL_MAT_ID
                                             ? multiply_experts(run.graph.context(), weight, input,
                                                                run.replay.make(product->src[2]))
                                             : multiply(run.graph.context(), weight, input));
            }
            for (auto& [number, writer] : writers) {
                run.graph.output(run.replay.make(tensor(form, number)), writer.prepare(sequences));
            }
            run.graph.compute();
            for (auto& [number, writer] : writers) {
                writer.append(sequences, layout_of(form, number));
            }
        });
        for (auto& [number, writer] : writers) {
            writer.finish();
        }
        for (const auto& [number, path] : made_) {
            kept_[number] = path;
        }
        drop_kept(is_last ? std::vector<size_t>() : crossing(stage.end));
    }

    /// The products of quantized weights among a stage's nodes.
    std::vector<ggml_tensor*> quantized_products(const QuantizationStage& stage, const DecoderForm& form) const {
        const std::vector<ggml_tensor*>& all = form.sections[section_].nodes;
        std::vector<ggml_tensor*> products;
        std::copy_if(all.begin() + static_cast<std::ptrdiff_t>(stage.begin),
                     all.begin() + static_cast<std::ptrdiff_t>(stage.end), std::back_inserter(products),
                     [&](const ggml_tensor* node) {
                         return (node->op == GGML_OP_MUL_MAT || node->op == GGML_OP_MUL_MAT_ID) &&
                                result_.count(node->src[0]->name) != 0;
                     });
        return products;
    }

    /// The inputs of a stage's quantized products in 8 bits.
    RoundedInputs round_inputs(const QuantizationStage& stage, int64_t first, const DecoderForm& form,
                               const BatchValues& values) {
        RoundedInputs rounded;
        Replayed run(*this, first, form, values);
        for (const ggml_tensor* product : quantized_products(stage, form)) {
            if (rounded.count(product->src[1]) == 0) {
                run.output(product->src[1], rounded[product->src[1]]);
            }
        }
        if (rounded.empty()) {
            return rounded;
        }
        run.graph.compute();
        for (auto& [input, x] : rounded) {
            const auto features = static_cast<size_t>(input->ne[0]);
            quantize_activations(x.data(), x.size() / features, features, engine_.workers());
        }
        return rounded;
    }

    /// Removes the temporary files of values that nothing reads any more.
    void drop_kept(const std::vector<size_t>& needed) {
        for (auto kept = made_.begin(); kept != made_.end();) {
            if (std::find(needed.begin(), needed.end(), kept->first) == needed.end()) {
                remove(kept->second);
                kept_.erase(kept->first);
                kept = made_.erase(kept);
            } else {
                ++kept;
            }
        }
    }

    Engine& engine_;
    Decoder& decoder_;
    size_t section_;
    const WeightSources& sources_;
    const Calibration& calibration_;
    const std::unordered_map<std::string, QuantizationRequest>& requests_;
    const QuantizationOptions& options_;
    const QuantizationFiles& files_;
    SectionWeights weights_;
    std::vector<QuantizationStage> stages_;
    std::vector<size_t> targets_;
    std::map<size_t, std::string> kept_; ///< files of values by number, for as long as stages read them
    std::map<size_t, std::string> made_; ///< those of them that are temporary
    std::unordered_map<std::string, QuantizationOutcome> result_;
    std::vector<std::unique_ptr<PackedExperts>> packed_; ///< what `weights_` reads quantized experts from
};

} // namespace

QuantizationOptions QuantizationOptions::standard() {
    QuantizationOptions options{};
    options.clip = ClipSearch::standard();
    options.damping = 0.01;
    options.propagation = 0.5f;
    options.correction = 0.5f;
    return options;
}

std::unordered_map<std::string, QuantizationOutcome>
quantize_section(Engine& engine, Decoder& decoder, size_t section, const WeightSources& sources,
                 const Calibration& calibration, const std::unordered_map<std::string, QuantizationRequest>& requests,
                 const QuantizationOptions& options, const QuantizationFiles& files) {
    return Run(engine, decoder, section, sources, calibration, requests, options, files).quantize();
}

} // namespace mixllm
