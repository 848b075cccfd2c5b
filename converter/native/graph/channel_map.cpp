#include "graph/channel_map.h"

#include <algorithm>
#include <set>

namespace mixllm {

std::vector<int64_t> ChannelMap::along(int dimension, int64_t count) const {
    std::vector<int64_t> numbers(static_cast<size_t>(count), first);
    for (size_t i = 0; i < steps[dimension].size(); i++) {
        numbers[i] += steps[dimension][i];
    }
    return numbers;
}

std::vector<int64_t> ChannelMap::numbers(int64_t modulus) const {
    std::set<int64_t> all{first % modulus};
    for (const std::vector<int64_t>& own : steps) {
        std::set<int64_t> distinct{0};
        for (const int64_t step : own) {
            distinct.insert((step % modulus + modulus) % modulus);
        }
        std::set<int64_t> next;
        for (const int64_t number : all) {
            for (const int64_t step : distinct) {
                next.insert((number + step) % modulus);
            }
        }
        all = std::move(next);
    }
    return {all.begin(), all.end()};
}

void set_steps(ChannelMap& map, int dimension, std::vector<int64_t> steps) {
    const bool is_constant = std::all_of(steps.begin(), steps.end(), [](int64_t step) { return step == 0; });
    map.steps[dimension] = is_constant ? std::vector<int64_t>() : std::move(steps);
}

std::optional<ChannelMap> map_elements(const ChannelMap& map, const int64_t shape[GGML_MAX_DIMS], size_t offset,
                                       const Strides& elements) {
    using Index = std::array<int64_t, GGML_MAX_DIMS>;
    const auto index_of = [&](size_t bytes) {
        Index index{};
        auto rest = static_cast<int64_t>(bytes / sizeof(float));
        for (int d = 0; d < GGML_MAX_DIMS; d++) {
            index[d] = d + 1 < GGML_MAX_DIMS ? rest % shape[d] : rest;
            rest /= shape[d];
        }
        return index;
    };
    const Index start = index_of(offset);
    // By dimension of the elements, the index in the floats that each step leads to.
    std::array<std::vector<Index>, GGML_MAX_DIMS> moves;
    Index furthest = start;
    for (int d = 0; d < GGML_MAX_DIMS; d++) {
        Index most{};
        for (int64_t i = 0; i < elements.count[d]; i++) {
            moves[d].push_back(index_of(static_cast<size_t>(i) * elements.bytes[d]));
            for (int p = 0; p < GGML_MAX_DIMS; p++) {
                most[p] = std::max(most[p], moves[d].back()[p]);
            }
        }
        for (int p = 0; p < GGML_MAX_DIMS; p++) {
            furthest[p] += most[p];
        }
    }
    // Without a carry from one dimension of the floats to the next, moves along several dimensions add up.
    for (int p = 0; p < GGML_MAX_DIMS; p++) {
        if (furthest[p] >= shape[p]) {
            return std::nullopt;
        }
    }
    const auto step_at = [&](int p, int64_t index) {
        return map.varies_along(p) ? map.steps[p][static_cast<size_t>(index)] : 0;
    };
    ChannelMap result;
    result.first = map.first;
    for (int p = 0; p < GGML_MAX_DIMS; p++) {
        result.first += step_at(p, start[p]);
    }
    for (int d = 0; d < GGML_MAX_DIMS; d++) {
        std::vector<int64_t> steps;
        for (const Index& move : moves[d]) {
            int64_t sum = 0;
            for (int p = 0; p < GGML_MAX_DIMS; p++) {
                sum += step_at(p, start[p] + move[p]) - step_at(p, start[p]);
            }
            steps.push_back(sum);
        }
        set_steps(result, d, std::move(steps));
    }
    // Where several dimensions move along one of the floats', what they add must not depend on each other.
    for (int p = 0; p < GGML_MAX_DIMS; p++) {
        if (!map.varies_along(p)) {
            continue;
        }
        std::vector<std::pair<int64_t, int64_t>> reached{{0, 0}}; // moves along p, and what the dimensions add
        for (int d = 0; d < GGML_MAX_DIMS; d++) {
            std::vector<std::pair<int64_t, int64_t>> next;
            std::vector<int64_t> own;
            for (const Index& move : moves[d]) {
                own.push_back(move[p]);
            }
            std::sort(own.begin(), own.end());
            own.erase(std::unique(own.begin(), own.end()), own.end());
            for (const auto& [moved, added] : reached) {
                for (const int64_t move : own) {
                    next.emplace_back(moved + move, added + step_at(p, start[p] + move) - step_at(p, start[p]));
                }
            }
            reached = std::move(next);
            if (reached.size() > static_cast<size_t>(shape[p])) {
                return std::nullopt; // elements share floats
            }
        }
        for (const auto& [moved, added] : reached) {
            if (step_at(p, start[p] + moved) - step_at(p, start[p]) != added) {
                return std::nullopt;
            }
        }
    }
    return result;
}

} // namespace mixllm
