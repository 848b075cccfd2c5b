#include "rules.h"

#include "backward.h"
#include "experts.h"

namespace mixllm {

namespace {

/// Selections and functions that are constant almost everywhere: their gradient is zero.
void no_gradient(Backward&) {}

Rule find_unary_rule(ggml_unary_op op) {
    switch (op) {
    case GGML_UNARY_OP_SGN:
    case GGML_UNARY_OP_STEP:
    case GGML_UNARY_OP_FLOOR:
    case GGML_UNARY_OP_CEIL:
    case GGML_UNARY_OP_ROUND:
    case GGML_UNARY_OP_TRUNC:
        return no_gradient;
    case GGML_UNARY_OP_ABS:
    case GGML_UNARY_OP_NEG:
    case GGML_UNARY_OP_TANH:
    case GGML_UNARY_OP_ELU:
    case GGML_UNARY_OP_RELU:
    case GGML_UNARY_OP_SIGMOID:
    case GGML_UNARY_OP_GELU:
    case GGML_UNARY_OP_GELU_QUICK:
    case GGML_UNARY_OP_GELU_ERF:
    case GGML_UNARY_OP_SILU:
    case GGML_UNARY_OP_HARDSWISH:
    case GGML_UNARY_OP_HARDSIGMOID:
    case GGML_UNARY_OP_EXP:
    case GGML_UNARY_OP_EXPM1:
    case GGML_UNARY_OP_SOFTPLUS:
    case GGML_UNARY_OP_XIELU:
        return unary_back;
    default:
        return nullptr;
    }
}

Rule find_glu_rule(ggml_glu_op op) {
    switch (op) {
    case GGML_GLU_OP_REGLU:
    case GGML_GLU_OP_GEGLU:
    case GGML_GLU_OP_SWIGLU:
    case GGML_GLU_OP_SWIGLU_OAI:
    case GGML_GLU_OP_GEGLU_ERF:
    case GGML_GLU_OP_GEGLU_QUICK:
    case GGML_GLU_OP_SWIGLU_CLAMP:
        return glu_back;
    default:
        return nullptr;
    }
}

} // namespace

bool is_selection(const ggml_tensor* node) {
    return find_rule(node) == no_gradient;
}

Rule find_rule(const ggml_tensor* node) {
    switch (node->op) {
    case GGML_OP_ARGMAX:
    case GGML_OP_ARGSORT:
    case GGML_OP_TOP_K:
    case GGML_OP_COUNT_EQUAL:
    case GGML_OP_FILL:
    case GGML_OP_ARANGE:
        return no_gradient;

    case GGML_OP_ADD:
        return add_back;
    case GGML_OP_SUB:
        return sub_back;
    case GGML_OP_MUL:
        return mul_back;
    case GGML_OP_DIV:
        return div_back;
    case GGML_OP_SCALE:
        return scale_back;
    case GGML_OP_SQR:
        return sqr_back;
    case GGML_OP_SQRT:
        return sqrt_back;
    case GGML_OP_LOG:
        return log_back;
    case GGML_OP_SIN:
        return sin_back;
    case GGML_OP_COS:
        return cos_back;
    case GGML_OP_CLAMP:
        return clamp_back;

    case GGML_OP_UNARY:
        return find_unary_rule(ggml_get_unary_op(node));
    case GGML_OP_LEAKY_RELU:
        return leaky_relu_back;
    case GGML_OP_GLU:
        return find_glu_rule(ggml_get_glu_op(node));

    case GGML_OP_SUM:
        return sum_back;
    case GGML_OP_SUM_ROWS:
        return sum_rows_back;
    case GGML_OP_MEAN:
        return mean_back;
    case GGML_OP_CUMSUM:
        return cumsum_back;
    case GGML_OP_REPEAT:
        return repeat_back;
    case GGML_OP_REPEAT_BACK:
        return repeat_back_back;

    case GGML_OP_DUP:
    case GGML_OP_CPY:
    case GGML_OP_CONT:
        return copy_back;
    case GGML_OP_RESHAPE:
        return reshape_back;
    case GGML_OP_VIEW:
        return view_back;
    case GGML_OP_PERMUTE:
        return permute_back;
    case GGML_OP_TRANSPOSE:
        return transpose_back;
    case GGML_OP_CONCAT:
        return concat_back;
    case GGML_OP_PAD:
        return pad_back;
    case GGML_OP_ROLL:
        return roll_back;
    case GGML_OP_SET:
        return set_back;
    case GGML_OP_ACC:
        return acc_back;

    case GGML_OP_TRI:
        return tri_back;
    case GGML_OP_DIAG:
        return diag_back;
    case GGML_OP_DIAG_MASK_INF:
    case GGML_OP_DIAG_MASK_ZERO:
        return diag_mask_back;
    case GGML_OP_SOLVE_TRI:
        return solve_tri_back;

    case GGML_OP_NORM:
        return norm_back;
    case GGML_OP_RMS_NORM:
        return rms_norm_back;
    case GGML_OP_GROUP_NORM:
        return group_norm_back;
    case GGML_OP_L2_NORM:
        return l2_norm_back;

    case GGML_OP_MUL_MAT:
        return mul_mat_back;
    case GGML_OP_OUT_PROD:
        return out_prod_back;
    case GGML_OP_GET_ROWS:
        return get_rows_back;
    case GGML_OP_SET_ROWS:
        return set_rows_back;
    case GGML_OP_MUL_MAT_ID:
        return mul_mat_id_back;
    case GGML_OP_CUSTOM:
        return is_expert_product(node) ? mul_mat_id_back : nullptr;
    case GGML_OP_ADD_ID:
        return add_id_back;

    case GGML_OP_SOFT_MAX:
        return soft_max_back;
    case GGML_OP_ROPE:
        return rope_back;
    case GGML_OP_ROPE_BACK:
        return rope_back_back;

    case GGML_OP_SSM_CONV:
        return ssm_conv_back;
    case GGML_OP_SSM_SCAN:
        return ssm_scan_back;
    case GGML_OP_GATED_DELTA_NET:
        return gated_delta_net_back;
    case GGML_OP_RWKV_WKV6:
        return wkv6_back;
    case GGML_OP_RWKV_WKV7:
        return wkv7_back;
    case GGML_OP_GATED_LINEAR_ATTN:
        return gated_linear_attention_back;

    case GGML_OP_DSV4_HC_COMB:
        return hyper_connection_weights_back;
    case GGML_OP_DSV4_HC_PRE:
        return hyper_connection_before_back;
    case GGML_OP_DSV4_HC_POST:
        return hyper_connection_after_back;

    default:
        return nullptr;
    }
}

} // namespace mixllm
