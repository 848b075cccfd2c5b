#include <algorithm>
#include <cctype>
#include <cstring>
#include <numeric>

#include "common/native/job.h"
#include "kernels/kernel_weight.h"
#include "synthetic/fill_rows.h"

namespace mixllm {

namespace {

/// Rows that are made; the others repeat them, which no kernel can tell.
constexpr int64_t distinct_rows = 64;

/// Types that can be quantized to without an importance matrix.
constexpr ggml_type offered_types[] = {
    GGML_TYPE_F16,  GGML_TYPE_BF16, GGML_TYPE_Q8_0, GGML_TYPE_Q6_K, GGML_TYPE_Q5_K, GGML_TYPE_Q5_0,   GGML_TYPE_Q5_1,
    GGML_TYPE_Q4_K, GGML_TYPE_Q4_0, GGML_TYPE_Q4_1, GGML_TYPE_Q3_K, GGML_TYPE_Q2_K, GGML_TYPE_IQ4_NL, GGML_TYPE_IQ4_XS};

std::string upper_name(ggml_type type) {
    std::string name = ggml_type_name(type);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
    return name;
}

} // namespace

const std::vector<std::string>& stock_kernel_types() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all;
        std::transform(std::begin(offered_types), std::end(offered_types), std::back_inserter(all), upper_name);
        return all;
    }();
    return names;
}

KernelWeight make_stock_weight(const std::string& type, int64_t inputs, int64_t outputs) {
    const auto found = std::find_if(std::begin(offered_types), std::end(offered_types),
                                    [&](ggml_type candidate) { return upper_name(candidate) == type; });
    if (found == std::end(offered_types)) {
        throw InputError("there is no kernel to measure for the type " + type);
    }
    if (inputs % ggml_blck_size(*found) != 0) {
        throw InputError(type + " needs a multiple of " + std::to_string(ggml_blck_size(*found)) +
                         " inputs, and there are " + std::to_string(inputs));
    }

    KernelWeight weight{};
    weight.inputs = inputs;
    weight.outputs = outputs;
    const size_t row_bytes = ggml_row_size(*found, inputs);
    KernelTensor tensor{*found, {inputs, outputs}, std::vector<uint8_t>(static_cast<size_t>(outputs) * row_bytes)};
    const int64_t distinct = std::min(outputs, distinct_rows);
    fill_rows({"weight", *found, {inputs, outputs}, Filling::Weights}, 0, distinct, tensor.bytes.data());
    for (int64_t row = distinct; row < outputs; row++) {
        std::memcpy(tensor.bytes.data() + static_cast<size_t>(row) * row_bytes,
                    tensor.bytes.data() + static_cast<size_t>(row % distinct) * row_bytes, row_bytes);
    }

    weight.channels.resize(static_cast<size_t>(distinct));
    std::iota(weight.channels.begin(), weight.channels.end(), 0);
    weight.reference.resize(static_cast<size_t>(distinct * inputs));
    ggml_get_type_traits(*found)->to_float(tensor.bytes.data(), weight.reference.data(), distinct * inputs);
    weight.tensors.push_back(std::move(tensor));
    return weight;
}

} // namespace mixllm
