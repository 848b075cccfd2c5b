#include <algorithm>
#include <string>

#include "common/native/job.h"
#include "kernels/kernel_weight.h"
#include "synthetic/fill_rows.h"
#include "synthetic/plan_model.h"

namespace mixllm {

namespace {

constexpr int64_t group_size = 128;
/// Rows of each bit-width to check.
constexpr int64_t checked_rows = 32;

/// In the order of `KernelWeight::tensors`.
enum Part { W4, W4Scale, W4Zero, W8, W8Scale, Rows, PartCount };
constexpr const char* suffixes[PartCount] = {".w4", ".w4_scale", ".w4_zero", ".w8", ".w8_scale", ".rows"};

template <class T>
T at(const KernelTensor& tensor, int64_t column, int64_t row) {
    return reinterpret_cast<const T*>(tensor.bytes.data())[row * tensor.shape[0] + column];
}

float weight4(const std::vector<KernelTensor>& parts, int64_t row, int64_t input) {
    const uint8_t pair = at<uint8_t>(parts[W4], input / 32 * 16 + input % 16, row);
    const uint8_t zeros = at<uint8_t>(parts[W4Zero], row / 2, input / group_size);
    const int quant = input % 32 < 16 ? pair & 0xf : pair >> 4;
    const int zero = row % 2 == 0 ? zeros & 0xf : zeros >> 4;
    return ggml_fp16_to_fp32(at<ggml_fp16_t>(parts[W4Scale], row, input / group_size)) *
           static_cast<float>(quant - zero);
}

float weight8(const std::vector<KernelTensor>& parts, int64_t row, int64_t input) {
    return ggml_fp16_to_fp32(at<ggml_fp16_t>(parts[W8Scale], row, input / group_size)) *
           at<int8_t>(parts[W8], input, row);
}

} // namespace

KernelWeight make_mixed_weight(double percent8bit, int64_t inputs, int64_t outputs) {
    if (inputs % 32 != 0 || outputs % 16 != 0) {
        throw InputError("a MixLLM weight needs a multiple of 32 inputs and of 16 output channels; this one has " +
                         std::to_string(inputs) + " and " + std::to_string(outputs));
    }
    KernelWeight weight{};
    weight.mixed = true;
    weight.inputs = inputs;
    weight.outputs = outputs;
    weight.tensors.resize(PartCount);
    for (const PlannedTensor& plan : plan_mixed_weight("weight", inputs, outputs, percent8bit)) {
        const std::string suffix = plan.name.substr(plan.name.find('.'));
        const auto part = std::find(std::begin(suffixes), std::end(suffixes), suffix) - std::begin(suffixes);
        const int64_t rows = plan.shape.size() > 1 ? plan.shape[1] : 1;
        KernelTensor& tensor = weight.tensors[static_cast<size_t>(part)];
        tensor = {plan.type, {plan.shape[0], rows}, {}};
        tensor.bytes.resize(static_cast<size_t>(rows) * ggml_row_size(plan.type, plan.shape[0]));
        fill_rows(plan, 0, rows, tensor.bytes.data());
    }

    const int64_t rows4 = weight.tensors[W4].shape[1];
    const int64_t rows8 = outputs - rows4;
    const auto check = [&](int64_t first, int64_t count, auto value_of) {
        for (int64_t row = 0; row < std::min(count, checked_rows); row++) {
            weight.channels.push_back(at<int32_t>(weight.tensors[Rows], first + row, 0));
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
