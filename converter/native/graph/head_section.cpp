#include "graph/head_section.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <unordered_set>

#include "differentiate/differentiate.h"
#include "engine/graph.h"
#include "graph/backward_section.h"
#include "graph/replay.h"
#include "graph/run_section.h"

namespace mixllm {

namespace {

constexpr int64_t vocabulary_block = 4096; // rows of the head in memory as floats at a time

/// Per token of a batch: the logarithm of the sum of exponentials of its logits, gathered block by block.
class LogSumExp {
public:
    explicit LogSumExp(size_t tokens) : largest_(tokens, -std::numeric_limits<double>::infinity()), sum_(tokens) {}

    void add(size_t token, const float* logits, size_t count) {
        const double largest = std::max<double>(largest_[token], *std::max_element(logits, logits + count));
        double sum = 0.0;
        for (size_t i = 0; i < count; i++) {
            sum += std::exp(logits[i] - static_cast<float>(largest));
        }
        sum_[token] = sum_[token] * std::exp(largest_[token] - largest) + sum;
        largest_[token] = largest;
    }

    double value(size_t token) const { return largest_[token] + std::log(sum_[token]); }

private:
    std::vector<double> largest_;
    std::vector<double> sum_;
};

/// The nodes that lead from the head's product to the logits, in order.
std::vector<ggml_tensor*> find_tail(const Section& last, const ggml_tensor* head) {
    std::vector<ggml_tensor*> tail;
    std::unordered_set<const ggml_tensor*> found{head};
    for (ggml_tensor* node : last.nodes) {
        const bool follows = std::any_of(std::begin(node->src), std::end(node->src), [&](ggml_tensor* source) {
            return source != nullptr && found.count(viewed(source)) != 0;
        });
        if (follows) {
            found.insert(node);
            tail.push_back(node);
        }
    }
    return tail;
}

/// Whether each logit follows from its own product, with at most a weight's element of its own or a single one.
bool works_by_logit(const ModelGraph& graph, const std::vector<ggml_tensor*>& tail, const ggml_tensor* head) {
    return std::all_of(tail.begin(), tail.end(), [&](const ggml_tensor* node) {
        const bool is_known = node->op == GGML_OP_SCALE || node->op == GGML_OP_UNARY || node->op == GGML_OP_CLAMP ||
                              node->op == GGML_OP_ADD || node->op == GGML_OP_SUB || node->op == GGML_OP_MUL ||
                              node->op == GGML_OP_DIV;
        return is_known && ggml_are_same_shape(node, head) &&
               std::all_of(std::begin(node->src), std::end(node->src), [&](ggml_tensor* source) {
                   return source == nullptr ||
                          (!is_view(source) &&
                           (source == head || std::find(tail.begin(), tail.end(), source) != tail.end() ||
                            (graph.is_leaf(source, ModelGraph::Leaf::weight) && ggml_nrows(source) == 1)));
               });
    });
}

/// The last section of one batch: from its inputs to the head's own input, and from the head's product to the logits.
class Head {
public:
    Head(Engine& engine, const DecoderForm& form, const SectionWeights& weights, const int32_t* tokens)
        : engine_(engine), form_(form), last_(form.sections.back()), weights_(weights), tokens_(tokens),
          product_(find_head(form.graph, last_)), tail_(find_tail(last_, product_)) {}

    ggml_tensor* product() const { return product_; }
    bool has_tail() const { return !tail_.empty(); }
    bool works_by_logit() const { return mixllm::works_by_logit(form_.graph, tail_, product_); }

    /// The head's input, `[K, tokens]`.
    void run_before(const std::map<size_t, std::vector<float>>& values, float* out) const {
        Graph graph(engine_, forward_nodes(last_));
        Replay replay(graph, form_.graph, weights_, tokens_);
        for (const auto& [number, value] : values) {
            replay.bind(form_.values[number], graph.input(form_.values[number], value.data()));
        }
        graph.output(replay.make(product_->src[1]), out);
        graph.compute();
    }

    /// The gradient at the section's inputs for one at the head's input.
    void run_before_back(const std::map<size_t, std::vector<float>>& values, const float* gradient,
                         std::map<size_t, std::vector<float>>& out) const {
        Graph graph(engine_, backward_nodes(last_));
        Replay replay(graph, form_.graph, weights_, tokens_);
        std::vector<ggml_tensor*> wanted;
        for (const auto& [number, value] : values) {
            wanted.push_back(graph.input(form_.values[number], value.data()));
            replay.bind(form_.values[number], wanted.back());
        }
        ggml_tensor* input = replay.make(product_->src[1]);
        const Differentiation found = differentiate_complete(
            graph.context(), replay.nodes(), {{input, graph.input(product_->src[1], gradient)}}, wanted);
        for (const auto& [number, value] : values) {
            std::vector<float>& result = out[number];
            result.assign(value.size(), 0.0f);
            const auto at = found.gradients.find(replay.make(form_.values[number]));
            if (at != found.gradients.end()) {
                graph.output(at->second, result.data());
            }
        }
        graph.compute();
    }

    /// Logits of a block of the vocabulary from its products, `[rows, tokens]`.
    ggml_tensor* make_tail(Graph& graph, ggml_tensor* products, int64_t first, std::vector<ggml_tensor*>& nodes) const {
        std::unordered_map<const ggml_tensor*, ggml_tensor*> made{{product_, products}};
        const int64_t rows = products->ne[0];
        if (rows == product_->ne[0]) {
            Replay replay(graph, form_.graph, weights_, tokens_);
            replay.bind(product_, products);
            ggml_tensor* logits = replay.make(form_.graph.output);
            nodes = replay.nodes();
            return logits;
        }
        for (const ggml_tensor* node : tail_) {
            ggml_tensor* own = ggml_new_tensor_2d(graph.context(), GGML_TYPE_F32, rows, node->ne[1]);
            own->op = node->op;
            std::memcpy(own->op_params, node->op_params, sizeof own->op_params);
            for (int i = 0; i < GGML_MAX_SRC && node->src[i] != nullptr; i++) {
                const auto found = made.find(node->src[i]);
                if (found != made.end()) {
                    own->src[i] = found->second;
                } else {
                    ggml_tensor* weight = weights_.values(node->src[i]);
                    own->src[i] = weight->ne[0] == 1 ? weight
                                                     : ggml_view_1d(graph.context(), weight, rows,
                                                                    static_cast<size_t>(first) * sizeof(float));
                }
            }
            made.emplace(node, own);
            nodes.push_back(own);
        }
        return tail_.empty() ? products : made.at(tail_.back());
    }

    static Differentiation differentiate_complete(ggml_context* context, const std::vector<ggml_tensor*>& nodes,
                                                  const std::vector<Seed>& seeds,
                                                  const std::vector<ggml_tensor*>& wanted) {
        Differentiation found = differentiate(context, nodes, seeds, wanted, nullptr);
        if (!found.missing.empty()) {
            throw std::runtime_error("no gradient leads through " + found.missing.front().op +
                                     " at the output head: " + found.missing.front().reason);
        }
        return found;
    }

private:
    Engine& engine_;
    const DecoderForm& form_;
    const Section& last_;
    const SectionWeights& weights_;
    const int32_t* tokens_;
    ggml_tensor* product_;
    std::vector<ggml_tensor*> tail_;
};

/// The last section without its head's product, whose weight stays where it is.
Section without_head(const ModelGraph& graph, const Section& last) {
    const ggml_tensor* head = find_head(graph, last);
    std::vector<ggml_tensor*> nodes;
    std::copy_if(last.nodes.begin(), last.nodes.end(), std::back_inserter(nodes),
                 [&](const ggml_tensor* node) { return node != head; });
    return make_section(graph, last.block, std::move(nodes), {});
}

} // namespace

std::vector<double> head_loss(Engine& engine, Decoder& decoder, const WeightSources& sources,
                              const Calibration& calibration, const ValuePaths& inputs, const ValuePaths& gradients) {
    const DecoderForm& single = decoder.single();
    const ggml_tensor* head_leaf = find_head(single.graph, single.sections.back())->src[0];
    const auto head_source = sources.find(head_leaf->name);
    if (head_source == sources.end() || head_source->second.columns != static_cast<size_t>(head_leaf->ne[0]) ||
        head_source->second.rows != static_cast<size_t>(head_leaf->ne[1])) {
        throw std::runtime_error(std::string("the output head ") + head_leaf->name + " is missing or not " +
                                 describe_shape(head_leaf));
    }
    const SectionWeights weights(engine, single.graph, without_head(single.graph, single.sections.back()), sources);
    const int64_t hidden = head_leaf->ne[0];
    const int64_t vocabulary = head_leaf->ne[1];
    const int64_t length = calibration.length;
    const Workers& workers = engine.workers();

    std::map<size_t, ValueReader> readers;
    std::map<size_t, ValueWriter> writers;
    for (const auto& [number, path] : inputs) {
        readers.emplace(number, ValueReader(path, decoder.values()[number].floats, calibration.samples));
    }
    for (const auto& [number, path] : gradients) {
        writers.emplace(number, ValueWriter(path, decoder.values()[number].floats));
    }
    std::vector<double> losses(static_cast<size_t>(calibration.samples), 0.0);
    std::vector<float> block; // of the head
    std::vector<float> normed;
    std::vector<float> logits;
    std::vector<float> products;

    for (int64_t first_sample = 0; first_sample < calibration.samples; first_sample += calibration.batch_samples) {
        const int64_t sequences = std::min(calibration.batch_samples, calibration.samples - first_sample);
        const int64_t tokens = sequences * length;
        const int32_t* ids = calibration.tokens.data() + first_sample * length;
        const DecoderForm& form = decoder.form(sequences);
        const Head head(engine, form, weights, ids);
        const int64_t block_rows = head.works_by_logit() ? vocabulary_block : vocabulary;
        const auto for_each_block = [&](const auto& work) {
            for (int64_t first = 0; first < vocabulary; first += block_rows) {
                const int64_t rows = std::min(block_rows, vocabulary - first);
                block.resize(static_cast<size_t>(rows * hidden));
                head_source->second.part(static_cast<size_t>(first), static_cast<size_t>(rows))
                    .load(block.data(), workers);
                work(first, rows);
            }
        };
        std::map<size_t, std::vector<float>> values;
        for (auto& [number, reader] : readers) {
            values.emplace(number, reader.read(first_sample, sequences, form.layouts[number]));
        }
        normed.resize(static_cast<size_t>(tokens * hidden));
        head.run_before(values, normed.data());

        /// Logits of a block; the products before what follows the head too, if that is something.
        const auto run_block = [&](int64_t first, int64_t rows) {
            logits.resize(static_cast<size_t>(rows * tokens));
            Graph graph(engine);
            ggml_tensor* y = multiply(graph.context(), graph.input(block.data(), hidden, rows),
                                      graph.input(normed.data(), hidden, tokens));
            std::vector<ggml_tensor*> nodes;
            graph.output(head.make_tail(graph, y, first, nodes), logits.data());
            if (head.has_tail()) {
                products.resize(logits.size());
                graph.output(y, products.data());
            }
            graph.compute();
        };
        LogSumExp sums(static_cast<size_t>(tokens));
        std::vector<double> target_logit(static_cast<size_t>(tokens));
        for_each_block([&](int64_t first, int64_t rows) {
            run_block(first, rows);
            workers.for_each(static_cast<size_t>(tokens), [&](size_t token) {
                const float* row = logits.data() + token * static_cast<size_t>(rows);
                sums.add(token, row, static_cast<size_t>(rows));
                const int64_t next = static_cast<int64_t>(token) % length + 1 < length ? ids[token + 1] : -1;
                if (next >= first && next < first + rows) {
                    target_logit[token] = row[next - first];
                }
            });
        });

        // The last position of a sequence predicts nothing: its share of the loss is 0.
        const float share = 1.0f / static_cast<float>(length - 1);
        std::vector<float> log_sum(static_cast<size_t>(tokens));
        for (int64_t token = 0; token < tokens; token++) {
            const auto t = static_cast<size_t>(token);
            log_sum[t] = static_cast<float>(sums.value(t));
            if (token % length + 1 < length) {
                losses[static_cast<size_t>(first_sample + token / length)] +=
                    (sums.value(t) - target_logit[t]) / static_cast<double>(length - 1);
            }
        }

        std::vector<float> normed_gradient(normed.size(), 0.0f);
        std::vector<float> part(normed.size());
        for_each_block([&](int64_t first, int64_t rows) {
            run_block(first, rows);
            // From here on `logits` holds the gradient at the logits: share of the loss times (probability - target).
            workers.for_each(static_cast<size_t>(tokens), [&](size_t token) {
                float* row = logits.data() + token * static_cast<size_t>(rows);
                if (static_cast<int64_t>(token) % length + 1 == length) {
                    std::fill_n(row, rows, 0.0f);
                    return;
                }
                for (int64_t i = 0; i < rows; i++) {
                    row[i] = share * std::exp(row[i] - log_sum[token]);
                }
                const int64_t next = ids[token + 1];
                if (next >= first && next < first + rows) {
                    row[next - first] -= share;
                }
            });
            Graph graph(engine);
            ggml_context* context = graph.context();
            ggml_tensor* gradient = graph.input(logits.data(), rows, tokens);
            Differentiation found;
            if (head.has_tail()) {
                ggml_tensor* y = graph.input(products.data(), rows, tokens);
                std::vector<ggml_tensor*> nodes;
                ggml_tensor* z = head.make_tail(graph, y, first, nodes);
                found = Head::differentiate_complete(context, nodes, {{z, gradient}}, {y});
                gradient = found.gradients.at(y);
            }
            ggml_tensor* weight = graph.input(block.data(), hidden, rows);
            graph.output(multiply(context, ggml_cont(context, ggml_transpose(context, weight)), gradient), part.data());
            graph.compute();
            workers.for_each_block(part.size(), 1 << 16, [&](size_t begin, size_t end) {
                for (size_t i = begin; i < end; i++) {
                    normed_gradient[i] += part[i];
                }
            });
        });

        std::map<size_t, std::vector<float>> result;
        head.run_before_back(values, normed_gradient.data(), result);
        for (auto& [number, writer] : writers) {
            std::copy(result.at(number).begin(), result.at(number).end(), writer.prepare(sequences));
            writer.append(sequences, form.layouts[number]);
        }
    }
    for (auto& [number, writer] : writers) {
        writer.finish();
    }
    return losses;
}

} // namespace mixllm
