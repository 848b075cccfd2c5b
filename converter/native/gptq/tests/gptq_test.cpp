// Holds the dense parts of the method against plain float64 loops.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "engine/tests/work_after_cancel.h"
#include "gptq/factorize.h"
#include "gptq/gptq.h"
#include "gptq/tests/dense_inverse.h"
#include "quantize/grid.h"

using namespace mixllm;

namespace {

int failures = 0;

void expect(bool holds, const std::string& what) {
    if (!holds) {
        std::printf("FAILED: %s\n", what.c_str());
        failures++;
    }
}

struct Problem {
    size_t rows;
    size_t inputs;
    Square hessian;
    Triangle triangle;
    std::vector<float> weights;
    std::vector<uint8_t> is_8bit;
};

/// Correlated inputs with a few that dwarf the rest, as activations are, and Gaussian weights.
Problem make_problem(size_t rows, size_t inputs, unsigned seed) {
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal;
    Problem problem{rows, inputs, Square(inputs, std::vector<double>(inputs)), Triangle(inputs), {}, {}};
    std::vector<double> size(inputs);
    for (double& s : size) {
        s = std::exp(normal(generator));
    }
    std::vector<double> x(inputs);
    for (size_t token = 0; token < 2 * inputs; token++) {
        const double shared = normal(generator);
        for (size_t i = 0; i < inputs; i++) {
            x[i] = size[i] * (normal(generator) + shared);
        }
        for (size_t i = 0; i < inputs; i++) {
            for (size_t k = 0; k < inputs; k++) {
                problem.hessian[i][k] += x[i] * x[k];
            }
        }
    }
    for (size_t i = 0; i < inputs; i++) {
        std::copy_n(problem.hessian[i].begin(), i + 1, problem.triangle.row(i));
    }
    for (size_t i = 0; i < rows * inputs; i++) {
        problem.weights.push_back(static_cast<float>(0.05 * normal(generator)));
    }
    for (size_t row = 0; row < rows; row++) {
        problem.is_8bit.push_back(row % 5 == 3);
    }
    return problem;
}

/// e H e^T of every row.
std::vector<double> row_errors(const Problem& problem, const std::vector<float>& values) {
    std::vector<double> errors;
    for (size_t row = 0; row < problem.rows; row++) {
        std::vector<double> e(problem.inputs);
        for (size_t i = 0; i < problem.inputs; i++) {
            e[i] = static_cast<double>(problem.weights[row * problem.inputs + i]) - values[row * problem.inputs + i];
        }
        double sum = 0.0;
        for (size_t i = 0; i < problem.inputs; i++) {
            for (size_t k = 0; k < problem.inputs; k++) {
                sum += e[i] * problem.hessian[i][k] * e[k];
            }
        }
        errors.push_back(sum);
    }
    return errors;
}

double sum(const std::vector<double>& values) {
    double total = 0.0;
    for (const double value : values) {
        total += value;
    }
    return total;
}

/// GPTQ as published: column by column, with the upper Cholesky factor of the inverse Hessian.
std::vector<float> published_gptq(const Problem& problem, const HessianFactor& factor) {
    const size_t n = problem.inputs;
    std::vector<size_t> column;
    for (const HessianFactor::Block& block : factor.blocks()) {
        for (size_t c = 0; c < block.size; c++) {
            column.push_back(block.input + c);
        }
    }
    Square h(n, std::vector<double>(n));
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            h[i][k] = problem.hessian[column[i]][column[k]] + (i == k ? factor.ridge() : 0.0);
        }
    }
    const Square inverted = inverse(h);
    Square u(n, std::vector<double>(n)); // inverted = u^T u, u upper
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i; k < n; k++) {
            double rest = inverted[i][k];
            for (size_t j = 0; j < i; j++) {
                rest -= u[j][i] * u[j][k];
            }
            u[i][k] = i == k ? std::sqrt(rest) : rest / u[i][i];
        }
    }
    std::vector<float> values(problem.weights.size());
    for (size_t row = 0; row < problem.rows; row++) {
        std::vector<double> w(n);
        for (size_t i = 0; i < n; i++) {
            w[i] = problem.weights[row * n + column[i]];
        }
        for (const HessianFactor::Block& block : factor.blocks()) {
            float low = 0.0f;
            float high = 0.0f;
            for (size_t i = block.begin; i < block.begin + block.size; i++) {
                low = std::min(low, static_cast<float>(w[i]));
                high = std::max(high, static_cast<float>(w[i]));
            }
            const Grid4 grid4 = fit_grid4(low, high);
            const Grid8 grid8 = fit_grid8(std::max(-low, high));
            for (size_t i = block.begin; i < block.begin + block.size; i++) {
                const float value = problem.is_8bit[row] != 0
                                        ? dequantize(grid8, quantize(grid8, static_cast<float>(w[i])))
                                        : dequantize(grid4, quantize(grid4, static_cast<float>(w[i])));
                const double error = (w[i] - value) / u[i][i];
                for (size_t k = i; k < n; k++) {
                    w[k] -= error * u[i][k];
                }
                values[row * n + column[i]] = value;
            }
        }
    }
    return values;
}

void test_factorize() {
    for (const size_t size : {1, 7, 128, 129, 300, 517}) {
        const Problem problem = make_problem(1, size, 1);
        Triangle factor = problem.triangle;
        Triangle threaded = problem.triangle;
        expect(factorize(factor, Workers(1)) && factorize(threaded, Workers(3)),
               "a positive definite matrix has a factor");
        double worst = 0.0;
        bool same = true;
        for (size_t i = 0; i < size; i++) {
            for (size_t k = 0; k <= i; k++) {
                double product = 0.0;
                for (size_t j = i; j < size; j++) {
                    product += factor.row(j)[i] * factor.row(j)[k];
                }
                const double scale = std::sqrt(problem.hessian[i][i] * problem.hessian[k][k]);
                worst = std::max(worst, std::fabs(product - problem.hessian[i][k]) / scale);
                same = same && factor.row(i)[k] == threaded.row(i)[k];
            }
        }
        expect(worst < 1e-13, "R^T R is the matrix again, size " + std::to_string(size));
        expect(same, "the number of threads does not change the factor");
    }
    Triangle indefinite(200);
    for (size_t i = 0; i < 200; i++) {
        indefinite.row(i)[i] = i == 50 ? -1.0 : 1.0;
    }
    expect(!factorize(indefinite, Workers(2)), "an indefinite matrix has no factor");
}

void test_gptq() {
    for (const size_t inputs : {32, 96, 128, 320, 544}) {
        const std::string size = ", " + std::to_string(inputs) + " inputs";
        const Problem problem = make_problem(75, inputs, 2);
        const HessianFactor factor(problem.triangle, 0.01, Workers(2));
        const auto run = [&](const std::vector<float>& ratios, const std::vector<float>& offsets, int threads) {
            return gptq(problem.weights.data(), problem.is_8bit, factor, {}, {ratios, offsets, ratios},
                        Workers(threads));
        };
        const std::vector<float> ratios{1.0f, 0.95f, 0.9f, 0.85f, 0.8f};

        const QuantizedLinear plain = run({1.0f}, {}, 2);
        const std::vector<float> published = published_gptq(problem, factor);
        size_t equal = 0;
        for (size_t i = 0; i < published.size(); i++) {
            equal += published[i] == plain.values[i];
        }
        expect(static_cast<double>(equal) >= 0.999 * static_cast<double>(published.size()),
               "feedback from H's own factor is GPTQ: " + std::to_string(equal) + " of " +
                   std::to_string(published.size()) + " weights equal" + size);

        const QuantizedLinear clipped = run(ratios, {}, 2);
        expect(sum(row_errors(problem, clipped.values)) < sum(row_errors(problem, plain.values)),
               "clipping lowers the output error" + size);

        const QuantizedLinear ends = run(ratios, {-0.1f, -0.05f, 0.05f, 0.1f}, 2);
        const std::vector<double> alike = row_errors(problem, clipped.values);
        const std::vector<double> apart = row_errors(problem, ends.values);
        double sums[2][2] = {}; // by the rows' width
        for (size_t row = 0; row < problem.rows; row++) {
            sums[problem.is_8bit[row]][0] += alike[row];
            sums[problem.is_8bit[row]][1] += apart[row];
        }
        expect(sums[0][1] < 0.99 * sums[0][0], "ends clipped by themselves lower 4-bit rows' error" + size);
        expect(ends.rows8.q == clipped.rows8.q, "8-bit rows have no two ends" + size);

        const QuantizedLinear again = run(ratios, {}, 3);
        expect(again.values == clipped.values && again.rows4.q == clipped.rows4.q &&
                   again.rows4.scale_half == clipped.rows4.scale_half && again.rows8.q == clipped.rows8.q,
               "the number of threads changes nothing" + size);

        // The values are what the stored integers stand for.
        const size_t groups = group_count(inputs);
        size_t next[2] = {0, 0};
        bool consistent = true;
        for (size_t row = 0; row < problem.rows; row++) {
            const bool wide = problem.is_8bit[row] != 0;
            const size_t at = next[wide ? 1 : 0]++;
            for (size_t i = 0; i < inputs; i++) {
                const size_t group = at * groups + i / group_size;
                const float value =
                    wide ? static_cast<float>(clipped.rows8.q[at * inputs + i]) *
                               float_from_half(clipped.rows8.scale_half[group])
                         : static_cast<float>(clipped.rows4.q[at * inputs + i] - clipped.rows4.zero[group]) *
                               float_from_half(clipped.rows4.scale_half[group]);
                consistent = consistent && value == clipped.values[row * inputs + i] &&
                             (wide || (clipped.rows4.q[at * inputs + i] < 16 && clipped.rows4.zero[group] < 16));
            }
        }
        expect(consistent, "stored integers, scales and zero points give the weights" + size);
    }
}

/// G of gradients that rows share in part, with a row that has none.
Square make_moment(size_t rows, unsigned seed) {
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal;
    constexpr size_t directions = 6;
    Square shared(rows, std::vector<double>(directions));
    for (std::vector<double>& row : shared) {
        for (double& share : row) {
            share = normal(generator);
        }
    }
    Square moment(rows, std::vector<double>(rows));
    std::vector<double> gradient(rows);
    for (size_t token = 0; token < 3 * rows; token++) {
        double strength[directions];
        for (double& each : strength) {
            each = normal(generator);
        }
        for (size_t row = 0; row < rows; row++) {
            gradient[row] = row == 7 ? 0.0 : normal(generator);
            for (size_t d = 0; d < directions && row != 7; d++) {
                gradient[row] += shared[row][d] * strength[d];
            }
        }
        for (size_t i = 0; i < rows; i++) {
            for (size_t k = 0; k < rows; k++) {
                moment[i][k] += gradient[i] * gradient[k];
            }
        }
    }
    return moment;
}

/// The chain of some rows of a weight, every row's moment given.
RowChain make_chain(const std::vector<size_t>& rows, const Square& moment, const std::vector<uint8_t>& is_8bit) {
    Triangle triangle(rows.size());
    for (size_t i = 0; i < rows.size(); i++) {
        for (size_t k = 0; k <= i; k++) {
            triangle.row(i)[k] = moment[rows[i]][rows[k]];
        }
    }
    return RowChain(rows, triangle, is_8bit);
}

/// G as the feedback takes it: elements beside the diagonal count 0.7, and the diagonal is raised by 10 % of its mean.
Square shrunk(const Square& moment, const std::vector<size_t>& rows) {
    double mean = 0.0;
    for (const size_t row : rows) {
        mean += moment[row][row] / static_cast<double>(rows.size());
    }
    Square result(rows.size(), std::vector<double>(rows.size()));
    for (size_t i = 0; i < rows.size(); i++) {
        for (size_t k = 0; k < rows.size(); k++) {
            result[i][k] = i == k ? moment[rows[i]][rows[i]] + 0.1 * mean : 0.7 * moment[rows[i]][rows[k]];
        }
    }
    return result;
}

/**
 * Feedback between rows by its definition: after every 32 rows D of one width, those behind them, L, move by
 * G_LL^-1 G_LD E_D, each time from what they were at first.
 */
std::vector<float> published_gptq_by_rows(const Problem& problem, const HessianFactor& factor, const Square& moment) {
    std::vector<size_t> order;
    std::vector<size_t> ends;
    for (const uint8_t wide : {0, 1}) {
        const size_t first = order.size();
        for (size_t row = 0; row < problem.rows; row++) {
            if (problem.is_8bit[row] == wide) {
                order.push_back(row);
            }
        }
        for (size_t end = first + 32; end < order.size(); end += 32) {
            ends.push_back(end);
        }
        ends.push_back(order.size());
    }
    const Square g = shrunk(moment, order);
    const size_t n = problem.inputs;
    std::vector<float> values(problem.weights.size());
    size_t done = 0;
    for (const size_t end : ends) {
        const size_t left = order.size() - done;
        Square later(left, std::vector<double>(left));
        for (size_t i = 0; i < left; i++) {
            for (size_t k = 0; k < left; k++) {
                later[i][k] = g[done + i][done + k];
            }
        }
        const Square inverted = inverse(later);
        Problem own = problem;
        own.rows = end - done;
        own.weights.clear();
        own.is_8bit.clear();
        for (size_t i = done; i < end; i++) {
            std::vector<double> share(done); // of each row before
            for (size_t k = 0; k < done; k++) {
                for (size_t j = 0; j < left; j++) {
                    share[k] += inverted[i - done][j] * g[done + j][k];
                }
            }
            for (size_t column = 0; column < n; column++) {
                double target = problem.weights[order[i] * n + column];
                for (size_t k = 0; k < done; k++) {
                    const size_t at = order[k] * n + column;
                    target += share[k] * (static_cast<double>(problem.weights[at]) - values[at]);
                }
                own.weights.push_back(static_cast<float>(target));
            }
            own.is_8bit.push_back(problem.is_8bit[order[i]]);
        }
        const std::vector<float> found = published_gptq(own, factor);
        for (size_t i = done; i < end; i++) {
            std::copy_n(found.begin() + static_cast<std::ptrdiff_t>((i - done) * n), n,
                        values.begin() + static_cast<std::ptrdiff_t>(order[i] * n));
        }
        done = end;
    }
    return values;
}

/// The trace of G E H E^T.
double loss(const Problem& problem, const Square& moment, const std::vector<float>& values) {
    Square outer(problem.rows, std::vector<double>(problem.inputs)); // E H
    for (size_t row = 0; row < problem.rows; row++) {
        for (size_t i = 0; i < problem.inputs; i++) {
            const size_t at = row * problem.inputs + i;
            const double e = static_cast<double>(problem.weights[at]) - values[at];
            for (size_t k = 0; k < problem.inputs; k++) {
                outer[row][k] += e * problem.hessian[i][k];
            }
        }
    }
    double total = 0.0;
    for (size_t a = 0; a < problem.rows; a++) {
        for (size_t b = 0; b < problem.rows; b++) {
            double product = 0.0;
            for (size_t i = 0; i < problem.inputs; i++) {
                const size_t at = b * problem.inputs + i;
                product += outer[a][i] * (static_cast<double>(problem.weights[at]) - values[at]);
            }
            total += moment[a][b] * product;
        }
    }
    return total;
}

void test_rows() {
    std::vector<size_t> all;
    for (size_t row = 0; row < 107; row++) {
        all.push_back(row);
    }
    for (const size_t inputs : {32, 160, 288}) {
        const std::string size = ", " + std::to_string(inputs) + " inputs";
        const Problem problem = make_problem(all.size(), inputs, 6);
        const Square moment = make_moment(all.size(), 7);
        const HessianFactor factor(problem.triangle, 0.01, Workers(2));
        const auto run = [&](const std::vector<RowChain>& chains, int threads) {
            return gptq(problem.weights.data(), problem.is_8bit, factor, chains, {{1.0f}, {}, {1.0f}},
                        Workers(threads));
        };
        const auto is_same = [](const QuantizedLinear& a, const QuantizedLinear& b) {
            return a.values == b.values && a.rows4.q == b.rows4.q && a.rows4.zero == b.rows4.zero &&
                   a.rows4.scale_half == b.rows4.scale_half && a.rows8.q == b.rows8.q &&
                   a.rows8.scale_half == b.rows8.scale_half;
        };
        const QuantizedLinear alone = run({}, 2);
        const std::vector<RowChain> chains{make_chain(all, moment, problem.is_8bit)};
        const QuantizedLinear fed = run(chains, 2);
        expect(is_same(fed, run(chains, 3)), "the number of threads changes nothing in rows that are fed" + size);

        const std::vector<float> published = published_gptq_by_rows(problem, factor, moment);
        size_t equal = 0;
        for (size_t i = 0; i < published.size(); i++) {
            equal += published[i] == fed.values[i];
        }
        expect(static_cast<double>(equal) >= 0.995 * static_cast<double>(published.size()),
               "rows are fed what the rows before ask for: " + std::to_string(equal) + " of " +
                   std::to_string(published.size()) + " weights equal" + size);
        const double ratio = loss(problem, moment, fed.values) / loss(problem, moment, alone.values);
        expect(ratio < 0.7, "feedback between rows lowers the loss: " + std::to_string(ratio) + size);

        Square unit(all.size(), std::vector<double>(all.size()));
        expect(is_same(alone, run({make_chain(all, unit, problem.is_8bit)}, 2)),
               "rows without gradients are quantized by themselves" + size);
        for (size_t row = 0; row < all.size(); row++) {
            unit[row][row] = 1.0;
        }
        expect(is_same(alone, run({make_chain(all, unit, problem.is_8bit)}, 2)),
               "rows that do not err together are quantized by themselves" + size);

        // Two chains that know nothing of each other.
        std::vector<size_t> halves[2];
        Square apart = moment;
        for (size_t a = 0; a < all.size(); a++) {
            halves[a % 2].push_back(a);
            for (size_t b = 0; b < all.size(); b++) {
                apart[a][b] = a % 2 == b % 2 ? moment[a][b] : 0.0;
            }
        }
        const QuantizedLinear both =
            run({make_chain(halves[0], moment, problem.is_8bit), make_chain(halves[1], moment, problem.is_8bit)}, 2);
        const double halved = loss(problem, apart, both.values) / loss(problem, apart, alone.values);
        expect(halved < 0.8, "each of two chains lowers the loss of its own: " + std::to_string(halved) + size);
        bool is_half = true;
        for (const std::vector<size_t>& half : halves) {
            Problem own = problem;
            own.rows = half.size();
            own.weights.clear();
            own.is_8bit.clear();
            Square own_moment(half.size(), std::vector<double>(half.size()));
            for (size_t i = 0; i < half.size(); i++) {
                own.is_8bit.push_back(problem.is_8bit[half[i]]);
                for (size_t k = 0; k < inputs; k++) {
                    own.weights.push_back(problem.weights[half[i] * inputs + k]);
                }
                for (size_t k = 0; k < half.size(); k++) {
                    own_moment[i][k] = moment[half[i]][half[k]];
                }
            }
            std::vector<size_t> own_rows(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(half.size()));
            const QuantizedLinear expected =
                gptq(own.weights.data(), own.is_8bit, factor, {make_chain(own_rows, own_moment, own.is_8bit)},
                     {{1.0f}, {}, {1.0f}}, Workers(1));
            for (size_t i = 0; i < half.size() * inputs; i++) {
                is_half = is_half && expected.values[i] == both.values[half[i / inputs] * inputs + i % inputs];
            }
        }
        expect(is_half, "a chain is quantized as if it were all there is" + size);
    }
}

void test_exact_weights() {
    Problem problem = make_problem(40, 256, 3);
    for (size_t i = 0; i < problem.weights.size(); i++) {
        // Every group holds the ends of its range, so that plain rounding finds the very grid: 4-bit rows step by
        // 1 / 64 from -6 to 9, 8-bit rows by 1 / 1024 from -127 to 127.
        const size_t in_group = i % 128;
        const int step = static_cast<int>((i * 40503 >> 4) % 4096);
        problem.weights[i] = problem.is_8bit[i / 256] != 0
                                 ? static_cast<float>(in_group == 0 ? 127 : step % 255 - 127) / 1024.0f
                                 : static_cast<float>(in_group < 2 ? (in_group == 0 ? -6 : 9) : step % 16 - 6) / 64.0f;
    }
    const HessianFactor factor(problem.triangle, 0.01, Workers(2));
    const QuantizedLinear exact = gptq(problem.weights.data(), problem.is_8bit, factor, {},
                                       {{1.0f, 0.9f}, {-0.05f, 0.05f}, {1.0f, 0.9f}}, Workers(2));
    expect(exact.values == problem.weights, "weights that lie on a grid stay as they are");
}

void test_cancel() {
    // Each would run for a second or more on both threads; 100 ms of each may pass.
    constexpr size_t inputs = 6144;
    Triangle hessian(inputs);
    for (size_t i = 0; i < inputs; i++) {
        hessian.row(i)[i] = 1.0 + static_cast<double>(i % 7);
    }
    const size_t rows = 4096;
    const std::vector<float> weights(rows * inputs, 0.01f);
    const auto expect_soon = [](const std::string& what, double seconds) {
        expect(seconds >= 0.0 && seconds < 0.2, what + " ends when it is canceled: " + std::to_string(seconds) + " s");
    };
    const HessianFactor factor(hessian, 0.01, Workers(2));
    expect_soon("factorize", work_after_cancel([&](const Workers& workers) { factorize(hessian, workers); }));
    expect_soon("gptq", work_after_cancel([&](const Workers& workers) {
                    gptq(weights.data(), std::vector<uint8_t>(rows), factor, {}, {std::vector<float>(40, 1.0f), {}, {}},
                         workers);
                }));
    std::vector<float> shifted = weights;
    expect_soon("regress", work_after_cancel([&](const Workers& workers) {
                    regress(shifted.data(), weights.data(), rows, factor, 0.5f, workers);
                }));
}

void test_regress() {
    for (const size_t inputs : {32, 160, 384}) {
        Problem problem = make_problem(45, inputs, 4);
        const HessianFactor factor(problem.triangle, 0.02, Workers(2));
        std::mt19937 generator(5);
        std::normal_distribution<float> normal;
        std::vector<float> cross(problem.weights.size());
        for (float& value : cross) {
            value = normal(generator);
        }
        Square damped = problem.hessian;
        for (size_t i = 0; i < inputs; i++) {
            damped[i][i] += factor.ridge();
        }
        const Square inverted = inverse(damped);
        std::vector<float> shifted = problem.weights;
        regress(shifted.data(), cross.data(), problem.rows, factor, 0.5f, Workers(2));
        double difference = 0.0;
        double size = 0.0;
        for (size_t row = 0; row < problem.rows; row++) {
            for (size_t i = 0; i < inputs; i++) {
                double expected = 0.0;
                for (size_t k = 0; k < inputs; k++) {
                    expected += 0.5 * cross[row * inputs + k] * inverted[k][i];
                }
                const double found = static_cast<double>(shifted[row * inputs + i]) - problem.weights[row * inputs + i];
                difference += (found - expected) * (found - expected);
                size += expected * expected;
            }
        }
        expect(std::sqrt(difference / size) < 1e-4,
               "regress solves the damped normal equations: " + std::to_string(std::sqrt(difference / size)));
    }
}

} // namespace

int main() {
    test_factorize();
    test_gptq();
    test_rows();
    test_exact_weights();
    test_regress();
    test_cancel();
    std::printf("%s\n", failures == 0 ? "ok" : "failed");
    return failures == 0 ? 0 : 1;
}
