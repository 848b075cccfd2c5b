#include <ggml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "../rules.h"
#include "structure_tests.h"

namespace mixllm {

namespace {

/// An op that gradients of decoders do not lead through.
struct Exception {
    ggml_op op;
    const char* function; ///< start of the names of the functions that add it to a graph
    const char* use;      ///< what llama.cpp's models do with it, or null: none adds it
};

const Exception exceptions[] = {
    // Chosen or left out when the graph is built.
    {GGML_OP_FLASH_ATTN_EXT, "flash_attn_ext", "attention, when it is on; graphs to differentiate are built without"},
    // Lead to a choice alone.
    {GGML_OP_LIGHTNING_INDEXER, "lightning_indexer", "scores for the choice of positions"},
    {GGML_OP_POOL_2D, "pool_2d", "scores for the choice of blocks"},
    // Sound.
    {GGML_OP_IM2COL, "conv_1d", "WavTokenizer"},
    // Of other models than decoders, of training, and of quantized models.
    {GGML_OP_NONE, "none", nullptr},
    {GGML_OP_ADD1, "add1", nullptr},
    {GGML_OP_SILU_BACK, "silu_back", nullptr},
    {GGML_OP_RMS_NORM_BACK, "rms_norm_back", nullptr},
    {GGML_OP_SOFT_MAX_BACK, "soft_max_ext_back", nullptr},
    {GGML_OP_ROPE_BACK, "rope_multi_back", nullptr},
    {GGML_OP_GET_ROWS_BACK, "get_rows_back", nullptr},
    {GGML_OP_IM2COL_BACK, "im2col_back", nullptr},
    {GGML_OP_POOL_2D_BACK, "pool_2d_back", nullptr},
    {GGML_OP_FLASH_ATTN_BACK, "flash_attn_back", nullptr},
    {GGML_OP_CROSS_ENTROPY_LOSS, "cross_entropy_loss", nullptr},
    {GGML_OP_CROSS_ENTROPY_LOSS_BACK, "cross_entropy_loss_back", nullptr},
    {GGML_OP_OPT_STEP_ADAMW, "opt_step_adamw", nullptr},
    {GGML_OP_OPT_STEP_SGD, "opt_step_sgd", nullptr},
    {GGML_OP_CONV_TRANSPOSE_1D, "conv_transpose_1d", nullptr},
    {GGML_OP_IM2COL_3D, "im2col_3d", nullptr},
    {GGML_OP_COL2IM_1D, "col2im_1d", nullptr},
    {GGML_OP_CONV_2D, "conv_2d_direct", nullptr},
    {GGML_OP_CONV_3D, "conv_3d", nullptr},
    {GGML_OP_CONV_2D_DW, "conv_2d_dw", nullptr},
    {GGML_OP_CONV_TRANSPOSE_2D, "conv_transpose_2d", nullptr},
    {GGML_OP_POOL_1D, "pool_1d", nullptr},
    {GGML_OP_UPSCALE, "upscale", nullptr},
    {GGML_OP_PAD_REFLECT_1D, "pad_reflect_1d", nullptr},
    {GGML_OP_TIMESTEP_EMBEDDING, "timestep_embedding", nullptr},
    {GGML_OP_WIN_PART, "win_part", nullptr},
    {GGML_OP_WIN_UNPART, "win_unpart", nullptr},
    {GGML_OP_GET_REL_POS, "get_rel_pos", nullptr},
    {GGML_OP_ADD_REL_POS, "add_rel_pos", nullptr},
    {GGML_OP_MAP_CUSTOM1, "map_custom1", nullptr},
    {GGML_OP_MAP_CUSTOM2, "map_custom2", nullptr},
    {GGML_OP_MAP_CUSTOM3, "map_custom3", nullptr},
    {GGML_OP_CUSTOM, "custom_", nullptr},
    {GGML_OP_MUL_MAT_MIXLLM, "mul_mat_mixllm", nullptr},
};

const Exception* find_exception(ggml_op op) {
    for (const Exception& exception : exceptions) {
        if (exception.op == op) {
            return &exception;
        }
    }
    return nullptr;
}

/// Names of ggml's functions that llama.cpp's sources call, without "ggml_".
std::set<std::string> find_calls(const std::string& folder) {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.path().extension() != ".cpp" && entry.path().extension() != ".h") {
            continue;
        }
        std::ifstream file(entry.path());
        for (std::string line; std::getline(file, line);) {
            line.resize(std::min(line.size(), line.find("//")));
            for (size_t start = line.find("ggml_"); start != std::string::npos; start = line.find("ggml_", start + 1)) {
                const size_t end = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_", start);
                if (end != std::string::npos && line[end] == '(') {
                    names.insert(line.substr(start + 5, end - start - 5));
                }
            }
        }
    }
    return names;
}

/// A node of an op, or of a function or gated unit, whose first parameter names it.
ggml_tensor node_of(ggml_op op, int32_t function = 0) {
    ggml_tensor node{};
    node.op = op;
    node.op_params[0] = function;
    return node;
}

} // namespace

std::vector<std::string> check_coverage(const Covered& covered, const std::string& sources) {
    std::vector<std::string> failures;
    const auto check = [&](const ggml_tensor& node, const std::string& name) {
        const Exception* exception = find_exception(node.op);
        const bool has_rule = find_rule(&node) != nullptr;
        if (has_rule == (exception != nullptr)) {
            failures.push_back(name +
                               (has_rule ? " has a rule and is an exception" : " has neither rule nor exception"));
        }
        if (has_rule && !is_selection(&node) && covered.count(name) == 0) {
            failures.push_back("no case runs the rule of " + name);
        }
    };
    for (int op = 0; op < GGML_OP_COUNT; op++) {
        if (op != GGML_OP_UNARY && op != GGML_OP_GLU) {
            check(node_of(static_cast<ggml_op>(op)), ggml_op_name(static_cast<ggml_op>(op)));
        }
    }
    for (int op = 0; op < GGML_UNARY_OP_COUNT; op++) {
        check(node_of(GGML_OP_UNARY, op), ggml_unary_op_name(static_cast<ggml_unary_op>(op)));
    }
    for (int op = 0; op < GGML_GLU_OP_COUNT; op++) {
        check(node_of(GGML_OP_GLU, op), ggml_glu_op_name(static_cast<ggml_glu_op>(op)));
    }

    const std::set<std::string> calls = find_calls(sources);
    for (const Exception& exception : exceptions) {
        const auto call = calls.lower_bound(exception.function);
        const bool built = call != calls.end() && call->rfind(exception.function, 0) == 0;
        if (built != (exception.use != nullptr)) {
            failures.push_back(std::string(ggml_op_name(exception.op)) +
                               (built ? " is built by a model" : " is built no longer"));
        }
    }
    if (calls.count("mul_mat") == 0) {
        failures.push_back("no call of ggml_mul_mat in " + sources);
    }
    return failures;
}

} // namespace mixllm
