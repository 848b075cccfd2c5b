#include <algorithm>
#include <string>

#include "common/format/mixllm_format.h"
#include "common/native/job.h"
#include "kernels/kernel_weight.h"
#include "synthetic/fill_rows.h"
#include "synthetic/plan_model.h"

namespace mixllm {

namespace {

/// Rows of each bit-width to check.
constexpr int64_t checked_rows = 32;

template <class T>
T at(const KernelTensor& tensor, int64_t column, int64_t row) {
    return reinterpret_cast<const T*>(tensor.bytes.data())[row * tensor.shape[0] + column];
}

/// The component that kernels scatter by in the place of the file's mask.
KernelTensor make_rows(const KernelTensor& mask) {
    const int64_t outputs = 8 * mask.shape[0];
    KernelTensor rows = {GGML_TYPE_I32, {outputs, 1}, {}};
    rows.bytes.resize(static_cast<size_t>(outputs) * sizeof(int32_t));
    mixllm_rows_of_mask(mask.bytes.data(), outputs, reinterpret_cast<int32_t*>(rows.bytes.data()));
    return rows;
}

float weight4(const std::vector<KernelTensor>& parts, int64_t row, int64_t input) {
    const uint8_t pair = at<uint8_t>(parts[MIXLLM_W4], input / 32 * 16 + input % 16, row);
    const uint8_t zeros = at<uint8_t>(parts[MIXLLM_W4_ZERO], row / 2, input / MIXLLM_GROUP_SIZE);
    const int quant = input % 32 < 16 ? pair & 0xf : pair >> 4;
    const int zero = row % 2 == 0 ? zeros & 0xf : zeros >> 4;
    return ggml_fp16_to_fp32(at<ggml_fp16_t>(parts[MIXLLM_W4_SCALE], row, input / MIXLLM_GROUP_SIZE)) *
           static_cast<float>(quant - zero);
}

float weight8(const std::vector<KernelTensor>& parts, int64_t row, int64_t input) {
    return ggml_fp16_to_fp32(at<ggml_fp16_t>(parts[MIXLLM_W8_SCALE], row, input / MIXLLM_GROUP_SIZE)) *
           at<int8_t>(parts[MIXLLM_W8], input, row);
}

} // namespace

KernelWeight make_mixed_weight(double percent8bit, int64_t inputs, int64_t outputs, const Workers& workers) {
    if (!mixllm_shape_valid({inputs, outputs, 0, 1})) {
        throw InputError("a MixLLM weight needs a multiple of 32 inputs and of 16 output channels; this one has " +
                         std::to_string(inputs) + " and " + std::to_string(outputs));
    }
    KernelWeight weight{};
    weight.mixed = true;
    weight.inputs = inputs;
    weight.outputs = outputs;
    weight.tensors.resize(MIXLLM_COMPONENTS);
    for (const PlannedTensor& plan : plan_mixed_weight("weight", inputs, outputs, percent8bit)) {
        int part = 0;
        while (plan.name !=
               std::string("weight") + mixllm_suffix(mixllm_stored_component(MIXLLM_FORMAT_VERSION, part))) {
            part++;
        }
        const int64_t rows = plan.shape.size() > 1 ? plan.shape[1] : 1;
        KernelTensor& tensor = weight.tensors[static_cast<size_t>(part)];
        tensor = {plan.type, {plan.shape[0], rows}, {}};
        tensor.bytes.resize(static_cast<size_t>(rows) * ggml_row_size(plan.type, plan.shape[0]));
        const size_t row_bytes = ggml_row_size(plan.type, plan.shape[0]);
        workers.for_each_block(static_cast<size_t>(rows), rows_per_block, [&](size_t begin, size_t end) {
            fill_rows(plan, static_cast<int64_t>(begin), static_cast<int64_t>(end - begin),
                      tensor.bytes.data() + begin * row_bytes);
        });
    }

    weight.tensors[MIXLLM_ROWS] = make_rows(weight.tensors[MIXLLM_ROWS]);

    const int64_t rows4 = weight.tensors[MIXLLM_W4].shape[1];
    const int64_t rows8 = outputs - rows4;
    const auto check = [&](int64_t first, int64_t count, auto value_of) {
        for (int64_t row = 0; row < std::min(count, checked_rows); row++) {
            weight.channels.push_back(at<int32_t>(weight.tensors[MIXLLM_ROWS], first + row, 0));
            for (int64_t input = 0; input < inputs; input++) {
                weight.reference.push_back(value_of(weight.tensors, row, input));
            }
        }
    };
    check(0, rows4, weight4);
    check(rows4, rows8, weight8);
    return weight;
}

} // namespace mixllm
