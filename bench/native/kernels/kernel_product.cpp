#include "kernels/kernel_product.h"

#include <algorithm>
#include <cmath>
#include <elapsed_seconds.h>
#include <ggml-alloc.h>
#include <ggml-cpu.h>
#include <stdexcept>

#include "common/native/llama_model.h"
#include "kernels/measure_ceilings.h"
#include "kernels/weight_buffer_type.h"
#include "synthetic/fill_rows.h"

namespace mixllm {

namespace {

/// Products of more tokens are bound by arithmetic: where their weights lie does not matter.
constexpr int64_t rotated_tokens = 32;
/// Small weights would take more.
constexpr size_t most_copies = 256;
constexpr double seconds_per_timing = 0.05;

/// A context for tensors without data and a graph of as many.
ggml_context_ptr metadata_context(size_t tensors) {
    return ggml_context_ptr(
        ggml_init({tensors * ggml_tensor_overhead() + ggml_graph_overhead_custom(tensors, false), nullptr, true}));
}

/// One copy of a weight: the tensors it is stored in (null for those of an empty part), and the one to multiply with.
struct WeightCopy {
    std::vector<ggml_tensor*> tensors;
    ggml_tensor* whole;
};

WeightCopy declare_weight(ggml_context* context, const KernelWeight& weight) {
    WeightCopy copy;
    for (const KernelTensor& tensor : weight.tensors) {
        copy.tensors.push_back(tensor.bytes.empty()
                                   ? nullptr
                                   : ggml_new_tensor_2d(context, tensor.type, tensor.shape[0], tensor.shape[1]));
    }
    copy.whole = copy.tensors[0];
    if (weight.mixed) {
        copy.whole = ggml_new_tensor_2d(context, GGML_TYPE_I8, weight.inputs, weight.outputs);
        const ggml_mixllm_components components = {copy.tensors[0], copy.tensors[1], copy.tensors[2],
                                                   copy.tensors[3], copy.tensors[4], copy.tensors[5]};
        ggml_mixllm_set_components(copy.whole, &components);
    }
    return copy;
}

/// A function of ggml's CPU backend, which may be a library of its own, loaded at run time, and so is asked by name.
///
/// @throws std::runtime_error when the backend does not have it
template <class Function>
Function* cpu_function(const char* name) {
    ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    void* address =
        device == nullptr ? nullptr : ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), name);
    if (address == nullptr) {
        throw std::runtime_error(std::string("ggml's CPU backend has no ") + name);
    }
    return reinterpret_cast<Function*>(address);
}

} // namespace

KernelProduct::KernelProduct(const KernelWeight& weight, const KernelSetting& setting, JobControl& control)
    : setting_(setting) {
    capture_llama_log();
    ggml_backend_dev_t device = ggml_backend_dev_by_name(setting.device.c_str());
    if (device == nullptr) {
        throw InputError("there is no device " + setting.device);
    }
    const size_t wanted = setting.rotated_bytes / weight.bytes() + 1;
    copies_ = setting.tokens > rotated_tokens ? 1 : std::min(wanted, most_copies);
    backend_.reset(ggml_backend_dev_init(device, nullptr));
    if (backend_ == nullptr) {
        throw std::runtime_error("ggml could not start the device " + setting.device);
    }
    place(weight);

    compute(1, control);
    relative_error_ = compare(weight);
    const double seconds = compute(1, control);
    repeat_ = static_cast<int32_t>(std::clamp(seconds_per_timing / seconds, 1.0, 10'000.0));
}

void KernelProduct::place(const KernelWeight& weight) {
    weights_ = metadata_context(copies_ * (1 + weight.tensors.size()));
    // For each copy a view of x and a product: a backend may reuse what it made of the same tensor before.
    const size_t tensors = 1 + copies_ * (2 + weight.tensors.size());
    products_ = metadata_context(tensors);
    ggml_tensor* x = ggml_new_tensor_2d(products_.get(), GGML_TYPE_F32, weight.inputs, setting_.tokens);
    graph_ = ggml_new_graph_custom(products_.get(), tensors, false);
    std::vector<WeightCopy> copies;
    for (size_t i = 0; i < copies_; i++) {
        copies.push_back(declare_weight(weights_.get(), weight));
        ggml_tensor* view = ggml_view_2d(products_.get(), x, x->ne[0], x->ne[1], x->nb[1], 0);
        results_.push_back(ggml_mul_mat(products_.get(), copies.back().whole, view));
        ggml_build_forward_expand(graph_, results_.back());
    }

    const WeightPlace where = weight_buffer_type(ggml_backend_get_device(backend_.get()), results_[0]);
    if (where.type == nullptr) {
        throw InputError("the device " + setting_.device + " cannot compute " + ggml_op_name(results_[0]->op) +
                         " with " + ggml_type_name(weight.tensors[0].type));
    }
    repacked_ = where.repacked;
    weight_buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(weights_.get(), where.type));
    product_buffer_.reset(ggml_backend_alloc_ctx_tensors(products_.get(), backend_.get()));
    if (weight_buffer_ == nullptr || product_buffer_ == nullptr) {
        throw InputError("there is no memory on " + setting_.device + " for " + std::to_string(copies_) +
                         " copies of a weight of " + std::to_string(weight.bytes()) + " bytes");
    }
    // Kernels of some types look up whether their tensor is a weight.
    ggml_backend_buffer_set_usage(weight_buffer_.get(), GGML_BACKEND_BUFFER_USAGE_WEIGHTS);

    for (const WeightCopy& copy : copies) {
        for (size_t i = 0; i < copy.tensors.size(); i++) {
            const std::vector<uint8_t>& bytes = weight.tensors[i].bytes;
            if (copy.tensors[i] != nullptr) {
                ggml_backend_tensor_set(copy.tensors[i], bytes.data(), 0, bytes.size());
            }
        }
    }
    const RandomBits random("x");
    activations_.resize(static_cast<size_t>(weight.inputs * setting_.tokens));
    for (size_t i = 0; i < activations_.size(); i++) {
        activations_[i] = random.normal_at(i);
    }
    ggml_backend_tensor_set(x, activations_.data(), 0, activations_.size() * sizeof(float));
}

double KernelProduct::time(JobControl& control) {
    return compute(repeat_, control) / (static_cast<double>(repeat_) * static_cast<double>(copies_));
}

double KernelProduct::compute(int32_t times, const JobControl& control) {
    const bool on_cpu = ggml_backend_dev_type(ggml_backend_get_device(backend_.get())) == GGML_BACKEND_DEVICE_TYPE_CPU;
    const Clock clock = on_cpu ? kernel_clock(setting_.threads) : elapsed_seconds;
    ggml_status status = GGML_STATUS_SUCCESS;
    if (on_cpu) {
        cpu_function<decltype(ggml_backend_cpu_set_n_threads)>("ggml_backend_set_n_threads")(backend_.get(),
                                                                                             setting_.threads);
    }
    const double start = clock();
    for (int32_t i = 0; i < times && status == GGML_STATUS_SUCCESS && !control.canceled(); i++) {
        status = ggml_backend_graph_compute_async(backend_.get(), graph_);
    }
    ggml_backend_synchronize(backend_.get());
    const double seconds = clock() - start;
    control.throw_if_canceled();
    if (status != GGML_STATUS_SUCCESS) {
        throw std::runtime_error("ggml could not compute on " + setting_.device);
    }
    return seconds;
}

double KernelProduct::compare(const KernelWeight& weight) const {
    double difference = 0;
    double norm = 0;
    std::vector<float> channels(static_cast<size_t>(weight.outputs));
    for (const ggml_tensor* result : {results_.front(), results_.back()}) {
        for (const int64_t token : {int64_t{0}, setting_.tokens - 1}) {
            ggml_backend_tensor_get(result, channels.data(), static_cast<size_t>(token) * result->nb[1],
                                    channels.size() * sizeof(float));
            const float* x = activations_.data() + token * weight.inputs;
            const float* row = weight.reference.data();
            for (const int32_t channel : weight.channels) {
                double expected = 0;
                for (int64_t i = 0; i < weight.inputs; i++) {
                    expected += static_cast<double>(row[i]) * x[i];
                }
                const double off = channels[static_cast<size_t>(channel)] - expected;
                difference += off * off;
                norm += expected * expected;
                row += weight.inputs;
            }
        }
    }
    return std::sqrt(difference / norm);
}

} // namespace mixllm
