#include "graph/quantize_experts.h"

#include <algorithm>
#include <optional>

#include "calibration/moments.h"
#include "engine/graph.h"
#include "graph/correct_weights.h"
#include "quantize/rounding.h"
#include "quantize/scale_range_error.h"

namespace mixllm {

namespace {

constexpr size_t rows_per_sum = 2048; // whose products are summed in float

/// Rows of a file that an expert is chosen for, times their factors.
class Pieces {
public:
    Pieces(RowFile& x, const Workers& workers) : x_(x), workers_(workers) {}

    /// Calls `work(rows, first, count)` with a few rows, `[count][K]`, of `chosen` at a time.
    template <typename Work>
    void for_each(const std::vector<ExpertInput>& chosen, const Work& work) {
        const size_t columns = x_.columns();
        for (size_t first = 0; first < chosen.size(); first += rows_per_sum) {
            workers_.throw_if_canceled();
            const size_t count = std::min(rows_per_sum, chosen.size() - first);
            rows_.resize(count * columns);
            for (size_t i = 0; i < count; i++) {
                float* row = rows_.data() + i * columns;
                x_.read(chosen[first + i].row, 1, row);
                for (size_t k = 0; k < columns; k++) {
                    row[k] *= chosen[first + i].factor;
                }
            }
            work(rows_.data(), first, count);
        }
    }

private:
    RowFile& x_;
    const Workers& workers_;
    std::vector<float> rows_;
};

/// Mean of z z^T over what all experts are chosen for, times `tokens`; 0 when that is nothing.
Triangle mean_hessian(Engine& engine, ExpertInputs& inputs, double tokens) {
    Hessian sum(inputs.x.columns());
    Pieces pieces(inputs.x, engine.workers());
    size_t all = 0;
    for (const std::vector<ExpertInput>& chosen : inputs.chosen) {
        pieces.for_each(chosen, [&](const float* rows, size_t, size_t count) {
            sum.add(engine, rows, static_cast<int64_t>(count));
        });
        all += chosen.size();
    }
    Triangle mean = sum.values();
    for (size_t i = 0; i < mean.size(); i++) {
        for (size_t k = 0; k <= i; k++) {
            mean.row(i)[k] *= tokens / static_cast<double>(std::max<size_t>(all, 1));
        }
    }
    return mean;
}

/// Takes what an expert's new weights add to a sum off what is missing to it.
void update_residuals(Engine& engine, RowFile& residuals, const std::vector<ExpertInput>& chosen, Pieces& pieces,
                      const std::vector<float>& change, size_t channels) {
    std::vector<float> added;
    std::vector<float> row(channels);
    pieces.for_each(chosen, [&](const float* rows, size_t first, size_t count) {
        const auto inputs = static_cast<int64_t>(change.size() / channels);
        added.resize(count * channels);
        Graph graph(engine);
        graph.output(multiply(graph.context(), graph.input(change.data(), inputs, static_cast<int64_t>(channels)),
                              graph.input(rows, inputs, static_cast<int64_t>(count))),
                     added.data());
        graph.compute();
        for (size_t i = 0; i < count; i++) {
            const int64_t token = chosen[first + i].token;
            residuals.read(token, 1, row.data());
            for (size_t c = 0; c < channels; c++) {
                row[c] -= added[i * channels + c];
            }
            residuals.write(token, 1, row.data());
        }
    });
}

} // namespace

double quantize_experts(Engine& engine, const std::vector<ExpertLinear>& linears, ExpertInputs& inputs,
                        const ExpertResiduals* residuals, const ExpertSettings& settings) {
    const Workers& workers = engine.workers();
    const size_t width = inputs.x.columns();
    const Triangle mean = mean_hessian(engine, inputs, mean_hessian_tokens);
    Pieces pieces(inputs.x, workers);
    double most_damping = settings.damping;
    bool is_rounded = false;
    std::vector<float> missing;
    std::vector<float> weights;
    std::vector<float> original;
    for (size_t expert = 0; expert < inputs.chosen.size(); expert++) {
        const std::vector<ExpertInput>& chosen = inputs.chosen[expert];
        std::optional<Hessian> hessian(std::in_place, mean);
        std::optional<CrossMoment> cross;
        if (residuals != nullptr && !chosen.empty()) {
            cross.emplace(residuals->rows.columns(), width);
        }
        pieces.for_each(chosen, [&](const float* rows, size_t first, size_t count) {
            hessian->add(engine, rows, static_cast<int64_t>(count));
            if (cross) {
                missing.resize(count * residuals->rows.columns());
                for (size_t i = 0; i < count; i++) {
                    residuals->rows.read(chosen[first + i].token, 1, missing.data() + i * residuals->rows.columns());
                }
                cross->add(engine, missing.data(), rows, static_cast<int64_t>(count));
            }
        });
        double damping = settings.damping;
        const std::unique_ptr<HessianFactor> factor = factorize_hessian(hessian->values(), damping, workers);
        hessian.reset();
        most_damping = std::max(most_damping, damping);
        is_rounded = is_rounded || factor == nullptr;
        for (const ExpertLinear& linear : linears) {
            weights.resize(linear.channels * width);
            workers.for_each(linear.channels, [&](size_t row) {
                linear.source.load(static_cast<int64_t>(expert), static_cast<int64_t>(row), 0,
                                   static_cast<int64_t>(width), weights.data() + row * width);
            });
            original = weights;
            if (cross && factor != nullptr) {
                regress_on(engine, weights, *cross, *factor, residuals->of_inputs, residuals->strength);
            }
            const auto begin = linear.is_8bit.begin() + static_cast<std::ptrdiff_t>(expert * linear.channels);
            const std::vector<uint8_t> is_8bit(begin, begin + static_cast<std::ptrdiff_t>(linear.channels));
            const std::string weight = "tensor \"" + linear.name + "\", expert " + std::to_string(expert) + ",";
            const QuantizedLinear quantized = with_weight_named(weight, [&] {
                return factor != nullptr ? gptq(weights.data(), is_8bit, *factor, {}, settings.clip, workers)
                                         : round_linear(weights.data(), is_8bit, width, workers);
            });
            linear.destination.pack(expert, quantized, is_8bit);
            if (cross && !residuals->of_inputs) {
                for (size_t i = 0; i < original.size(); i++) {
                    original[i] = quantized.values[i] - original[i];
                }
                update_residuals(engine, residuals->rows, chosen, pieces, original, linear.channels);
            }
        }
    }
    return is_rounded ? 0.0 : most_damping;
}

} // namespace mixllm
