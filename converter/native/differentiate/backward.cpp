#include "backward.h"

namespace mixllm {

void Backward::add_parts(ggml_tensor* all, int count) {
    size_t offset = 0;
    for (int i = 0; i < count; i++) {
        const ggml_tensor* source = node->src[i];
        if (needs(i)) {
            ggml_tensor* part = ggml_view_1d(context, all, ggml_nelements(source), offset);
            add(i, ggml_reshape_4d(context, part, source->ne[0], source->ne[1], source->ne[2], source->ne[3]));
        }
        offset += static_cast<size_t>(ggml_nelements(source)) * sizeof(float);
    }
}

void Backward::require_values(const ggml_tensor* tensor) {
    if (overwritten(tensor)) {
        miss("needs values of \"" + std::string(ggml_get_name(tensor)) + "\", which a later node overwrites");
    }
}

ggml_tensor* Backward::value(ggml_tensor* tensor) {
    require_values(tensor);
    if (tensor->type != GGML_TYPE_F32) {
        return ggml_cast(context, tensor, GGML_TYPE_F32);
    }
    return tensor->nb[0] == sizeof(float) ? tensor : ggml_cont(context, tensor);
}

ggml_tensor* Backward::sum_repeats(ggml_tensor* tensor, const ggml_tensor* like) const {
    if (ggml_are_same_shape(tensor, like)) {
        return tensor;
    }
    // ggml reads the shape alone of the second tensor.
    return ggml_repeat_back(context, contiguous(tensor), const_cast<ggml_tensor*>(like));
}

ggml_tensor* Backward::prepared_transpose(ggml_tensor* weight) const {
    return accumulator_.transposed() ? accumulator_.transposed()(weight) : nullptr;
}

ggml_tensor* Backward::custom(const std::array<int64_t, 4>& shape, const std::vector<ggml_tensor*>& sources,
                              ggml_custom_op_t run, std::shared_ptr<void> data) const {
    ggml_tensor* result = ggml_custom_4d(context, GGML_TYPE_F32, shape[0], shape[1], shape[2], shape[3],
                                         const_cast<ggml_tensor**>(sources.data()), static_cast<int>(sources.size()),
                                         run, GGML_N_TASKS_MAX, data.get());
    if (data) {
        accumulator_.result().custom_data.push_back(std::move(data));
    }
    return result;
}

} // namespace mixllm
