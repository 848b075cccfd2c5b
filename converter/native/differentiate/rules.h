#pragma once

#include <ggml.h>

namespace mixllm {

class Backward;

/// Hands the gradient of a node on to the sources that need it.
using Rule = void (*)(Backward&);

/// The rule of a node's op, or null when there is none. Selections have one that does nothing.
Rule find_rule(const ggml_tensor* node);

/// Whether the node's op selects or is constant almost everywhere, so that no gradient leads through it.
bool is_selection(const ggml_tensor* node);

// elementwise.cpp
void add_back(Backward&);
void sub_back(Backward&);
void mul_back(Backward&);
void div_back(Backward&);
void scale_back(Backward&);
void sqr_back(Backward&);
void sqrt_back(Backward&);
void log_back(Backward&);
void sin_back(Backward&);
void cos_back(Backward&);
void clamp_back(Backward&);

// activation.cpp
void unary_back(Backward&);
void leaky_relu_back(Backward&);

// gating.cpp
void glu_back(Backward&);

// reduction.cpp
void sum_back(Backward&);
void sum_rows_back(Backward&);
void mean_back(Backward&);
void cumsum_back(Backward&);
void repeat_back(Backward&);
void repeat_back_back(Backward&);

// shape.cpp
void copy_back(Backward&);
void reshape_back(Backward&);
void view_back(Backward&);
void permute_back(Backward&);
void transpose_back(Backward&);
void concat_back(Backward&);
void pad_back(Backward&);
void roll_back(Backward&);
void set_back(Backward&);
void acc_back(Backward&);

// triangle.cpp
void tri_back(Backward&);
void diag_back(Backward&);
void diag_mask_back(Backward&);
void solve_tri_back(Backward&);

// normalization.cpp
void norm_back(Backward&);
void rms_norm_back(Backward&);
void group_norm_back(Backward&);
void l2_norm_back(Backward&);

// product.cpp
void mul_mat_back(Backward&);
void out_prod_back(Backward&);

// rows.cpp
void get_rows_back(Backward&);
void set_rows_back(Backward&);

// experts.cpp
void mul_mat_id_back(Backward&);
void add_id_back(Backward&);

// attention.cpp
void soft_max_back(Backward&);
void rope_back(Backward&);
void rope_back_back(Backward&);

// state_space.cpp
void ssm_conv_back(Backward&);
void ssm_scan_back(Backward&);

// delta_net.cpp
void gated_delta_net_back(Backward&);

// linear_attention.cpp
void wkv6_back(Backward&);
void wkv7_back(Backward&);
void gated_linear_attention_back(Backward&);

// hyper_connections.cpp
void hyper_connection_weights_back(Backward&);
void hyper_connection_before_back(Backward&);
void hyper_connection_after_back(Backward&);

} // namespace mixllm
