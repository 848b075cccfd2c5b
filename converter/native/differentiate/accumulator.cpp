#include "accumulator.h"

#include <algorithm>
#include <memory>

#include "rules.h"
#include "thread_range.h"

namespace mixllm {

namespace {

constexpr size_t most_sources = GGML_MAX_SRC - 1;

const ggml_tensor* owner_of_memory(const ggml_tensor* tensor) {
    return tensor->view_src != nullptr ? tensor->view_src : tensor;
}

/// Whether the node shares its source's memory without writing to it.
bool only_views(const ggml_tensor* node) {
    return node->op == GGML_OP_NONE || node->op == GGML_OP_VIEW || node->op == GGML_OP_RESHAPE ||
           node->op == GGML_OP_PERMUTE || node->op == GGML_OP_TRANSPOSE;
}

struct Placements {
    bool has_base; // the first source is added as a whole
    std::vector<Placement> where;
};

/// Every thread fills a range of the sum and takes from each part what falls into it, in the same order.
void run_sum_placed(ggml_tensor* sum, int thread, int threads, void* data) {
    const Placements& placements = *static_cast<const Placements*>(data);
    const Range range = thread_range(ggml_nelements(sum), thread, threads);
    float* out = static_cast<float*>(sum->data);
    if (placements.has_base) {
        const float* base = static_cast<const float*>(sum->src[0]->data);
        std::copy(base + range.begin, base + range.end, out + range.begin);
    } else {
        std::fill(out + range.begin, out + range.end, 0.0f);
    }
    const size_t first = placements.has_base ? 1 : 0;
    for (size_t i = 0; i < placements.where.size(); i++) {
        const Placement& where = placements.where[i];
        const ggml_tensor* part = sum->src[first + i];
        const float* row = static_cast<const float*>(part->data);
        for (int64_t i3 = 0; i3 < part->ne[3]; i3++) {
            for (int64_t i2 = 0; i2 < part->ne[2]; i2++) {
                for (int64_t i1 = 0; i1 < part->ne[1]; i1++, row += part->ne[0]) {
                    const int64_t start =
                        where.offset + i1 * where.stride[1] + i2 * where.stride[2] + i3 * where.stride[3];
                    const int64_t from = std::max(start, range.begin);
                    const int64_t to = std::min(start + part->ne[0], range.end);
                    for (int64_t k = from; k < to; k++) {
                        out[k] += row[k - start];
                    }
                }
            }
        }
    }
}

} // namespace

Accumulator::Accumulator(ggml_context* context, const std::vector<ggml_tensor*>& nodes,
                         const std::vector<ggml_tensor*>& wanted, const TransposedWeight& transposed,
                         Differentiation& result)
    : context_(context), transposed_(transposed), result_(result), wanted_(wanted.begin(), wanted.end()),
      needed_(wanted_.begin(), wanted_.end()) {
    for (size_t i = 0; i < nodes.size(); i++) {
        const ggml_tensor* node = nodes[i];
        position_[node] = i;
        if (node->view_src != nullptr && !only_views(node)) {
            last_writer_[node->view_src] = i;
        }
        for (int s = 0; s < GGML_MAX_SRC && !is_selection(node); s++) {
            // The second source of a copy is where it goes, not what it holds.
            const bool is_value = node->src[s] != nullptr && !(node->op == GGML_OP_CPY && s == 1);
            if (is_value && needs(node->src[s])) {
                needed_.insert(node);
            }
        }
    }
}

bool Accumulator::overwritten(const ggml_tensor* tensor) const {
    const auto writer = last_writer_.find(owner_of_memory(tensor));
    if (writer == last_writer_.end()) {
        return false;
    }
    const auto position = position_.find(tensor);
    return position == position_.end() || writer->second > position->second;
}

void Accumulator::miss(const ggml_tensor* node, const std::string& reason) {
    result_.missing.push_back({ggml_op_desc(node), ggml_get_name(node), reason});
}

ggml_tensor* Accumulator::sum_placed(const ggml_tensor* tensor, ggml_tensor* base, const std::vector<Placed>& placed) {
    ggml_tensor* sum = base;
    for (size_t done = 0; done < placed.size();) {
        auto placements = std::make_shared<Placements>();
        placements->has_base = sum != nullptr;
        std::vector<ggml_tensor*> sources;
        if (sum != nullptr) {
            sources.push_back(sum);
        }
        for (; done < placed.size() && sources.size() < most_sources; done++) {
            sources.push_back(placed[done].part);
            placements->where.push_back(placed[done].where);
        }
        sum = ggml_custom_4d(context_, GGML_TYPE_F32, tensor->ne[0], tensor->ne[1], tensor->ne[2], tensor->ne[3],
                             sources.data(), static_cast<int>(sources.size()), run_sum_placed, GGML_N_TASKS_MAX,
                             placements.get());
        result_.custom_data.push_back(std::move(placements));
    }
    return sum;
}

ggml_tensor* Accumulator::sum(const ggml_tensor* tensor) {
    const auto found = parts_.find(tensor);
    if (found == parts_.end()) {
        return nullptr;
    }
    const auto contiguous = [&](ggml_tensor* part) {
        return ggml_is_contiguous(part) ? part : ggml_cont(context_, part);
    };
    ggml_tensor* sum = nullptr;
    for (ggml_tensor* part : found->second.whole) {
        sum = sum == nullptr ? contiguous(part) : ggml_add(context_, sum, contiguous(part));
    }
    sum = sum_placed(tensor, sum, found->second.placed);
    found->second = {{sum}, {}};
    return sum;
}

} // namespace mixllm
