#include "layers/head_loss.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "calibration/activation_file.h"
#include "common/native/workers.h"
#include "engine/graph.h"
#include "layers/for_each_batch.h"
#include "weights/source_rows.h"

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

} // namespace

std::vector<double> head_loss(Engine& engine, const HeadSources& sources, const Calibration& calibration,
                              const std::string& input, const std::string& gradient) {
    const auto hidden = static_cast<int64_t>(sources.norm.columns);
    const int64_t length = calibration.length;
    const auto vocabulary = static_cast<int64_t>(sources.head.rows);
    const Workers& workers = engine.workers();
    if (sources.head.columns != sources.norm.columns) {
        throw std::runtime_error("the output head has " + std::to_string(sources.head.columns) +
                                 " columns, the final norm " + std::to_string(hidden));
    }
    ActivationFile in = ActivationFile::open(input, calibration.total_tokens() * hidden);
    ActivationFile out = ActivationFile::create(gradient);

    std::vector<float> norm(static_cast<size_t>(hidden));
    sources.norm.load(norm.data(), workers);
    std::vector<float> head(static_cast<size_t>(std::min(vocabulary_block, vocabulary) * hidden));
    std::vector<double> losses(static_cast<size_t>(calibration.samples), 0.0);
    std::vector<float> x;
    std::vector<float> normed;
    std::vector<float> logits;

    const auto for_each_block = [&](const auto& work) {
        for (int64_t first = 0; first < vocabulary; first += vocabulary_block) {
            const int64_t rows = std::min(vocabulary_block, vocabulary - first);
            sources.head.part(static_cast<size_t>(first), static_cast<size_t>(rows)).load(head.data(), workers);
            work(first, rows);
        }
    };

    for_each_batch(calibration, [&](int64_t first_sample, const Batch& batch) {
        const int64_t tokens = batch.tokens();
        const int32_t* ids = calibration.tokens.data() + first_sample * length;
        x.resize(static_cast<size_t>(tokens * hidden));
        normed.resize(x.size());
        in.read(first_sample * length * hidden, tokens * hidden, x.data());
        {
            Graph graph(engine);
            ggml_context* context = graph.context();
            ggml_tensor* y = ggml_rms_norm(context, graph.input(x.data(), hidden, tokens), sources.norm_epsilon);
            graph.output(ggml_mul(context, y, graph.input(norm.data(), hidden)), normed.data());
            graph.compute();
        }

        LogSumExp sums(static_cast<size_t>(tokens));
        std::vector<double> target_logit(static_cast<size_t>(tokens));
        for_each_block([&](int64_t first, int64_t rows) {
            logits.resize(static_cast<size_t>(rows * tokens));
            Graph graph(engine);
            ggml_tensor* y = multiply(graph.context(), graph.input(head.data(), hidden, rows),
                                      graph.input(normed.data(), hidden, tokens));
            graph.output(y, logits.data());
            graph.compute();
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
        std::vector<float> log_sum(static_cast<size_t>(tokens));
        std::vector<float> share(static_cast<size_t>(tokens), 0.0f);
        for (int64_t token = 0; token < tokens; token++) {
            const auto t = static_cast<size_t>(token);
            log_sum[t] = static_cast<float>(sums.value(t));
            if (token % length + 1 < length) {
                share[t] = 1.0f / static_cast<float>(length - 1);
                losses[static_cast<size_t>(first_sample + token / length)] +=
                    (sums.value(t) - target_logit[t]) / static_cast<double>(length - 1);
            }
        }

        std::vector<float> normed_gradient(x.size(), 0.0f);
        std::vector<float> part(x.size());
        for_each_block([&](int64_t first, int64_t rows) {
            (void)first;
            Graph graph(engine);
            ggml_context* context = graph.context();
            ggml_tensor* weight = graph.input(head.data(), hidden, rows);
            ggml_tensor* y = multiply(context, weight, graph.input(normed.data(), hidden, tokens));
            ggml_tensor* probability = ggml_exp(context, ggml_sub(context, y, graph.input(log_sum.data(), 1, tokens)));
            probability = ggml_mul(context, probability, graph.input(share.data(), 1, tokens));
            ggml_tensor* back = multiply(context, ggml_cont(context, ggml_transpose(context, weight)), probability);
            graph.output(back, part.data());
            graph.compute();
            workers.for_each_block(part.size(), 1 << 16, [&](size_t begin, size_t end) {
                for (size_t i = begin; i < end; i++) {
                    normed_gradient[i] += part[i];
                }
            });
        });
        workers.for_each(static_cast<size_t>(tokens), [&](size_t token) {
            if (share[token] > 0.0f) {
                std::vector<float> row(static_cast<size_t>(hidden));
                sources.head.load(static_cast<size_t>(ids[token + 1]), row.data());
                for (size_t i = 0; i < row.size(); i++) {
                    normed_gradient[token * row.size() + i] -= share[token] * row[i];
                }
            }
        });

        Graph graph(engine);
        ggml_context* context = graph.context();
        ggml_tensor* y =
            ggml_mul(context, graph.input(normed_gradient.data(), hidden, tokens), graph.input(norm.data(), hidden));
        graph.output(ggml_rms_norm_back(context, y, graph.input(x.data(), hidden, tokens), sources.norm_epsilon),
                     part.data());
        graph.compute();
        out.append(part.data(), tokens * hidden);
    });
    out.finish();
    return losses;
}

} // namespace mixllm
