#include <ggml.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "../rules.h"
#include "structure_tests.h"

namespace mixllm {

namespace {

/// An op that gradients of decoders do not lead through.
struct Exception {
    ggml_op op;
    const char* use; ///< what llama.cpp's models do with it, or null: none can add it to a graph
};

const Exception exceptions[] = {
    // Chosen or left out when the graph is built.
    {GGML_OP_FLASH_ATTN_EXT, "attention, when it is on; graphs to differentiate are built without"},
    // Quantized models are not differentiated.
    {GGML_OP_MUL_MAT_MIXLLM, "products with MixLLM weights"},
    {GGML_OP_MUL_MAT_ID_MIXLLM, "products with experts in MixLLM form"},
    // Lead to a choice alone.
    {GGML_OP_LIGHTNING_INDEXER, "scores for the choice of positions"},
    {GGML_OP_POOL_2D, "scores for the choice of blocks"},
    // Sound.
    {GGML_OP_IM2COL, "WavTokenizer"},
    // Of other models than decoders, and of training.
    {GGML_OP_NONE, nullptr},
    {GGML_OP_ADD1, nullptr},
    {GGML_OP_SILU_BACK, nullptr},
    {GGML_OP_RMS_NORM_BACK, nullptr},
    {GGML_OP_SOFT_MAX_BACK, nullptr},
    {GGML_OP_GET_ROWS_BACK, nullptr},
    {GGML_OP_IM2COL_BACK, nullptr},
    {GGML_OP_POOL_2D_BACK, nullptr},
    {GGML_OP_FLASH_ATTN_BACK, nullptr},
    {GGML_OP_CROSS_ENTROPY_LOSS, nullptr},
    {GGML_OP_CROSS_ENTROPY_LOSS_BACK, nullptr},
    {GGML_OP_OPT_STEP_ADAMW, nullptr},
    {GGML_OP_OPT_STEP_SGD, nullptr},
    {GGML_OP_CONV_TRANSPOSE_1D, nullptr},
    {GGML_OP_IM2COL_3D, nullptr},
    {GGML_OP_COL2IM_1D, nullptr},
    {GGML_OP_CONV_2D, nullptr},
    {GGML_OP_CONV_3D, nullptr},
    {GGML_OP_CONV_2D_DW, nullptr},
    {GGML_OP_CONV_TRANSPOSE_2D, nullptr},
    {GGML_OP_POOL_1D, nullptr},
    {GGML_OP_UPSCALE, nullptr},
    {GGML_OP_PAD_REFLECT_1D, nullptr},
    {GGML_OP_TIMESTEP_EMBEDDING, nullptr},
    {GGML_OP_WIN_PART, nullptr},
    {GGML_OP_WIN_UNPART, nullptr},
    {GGML_OP_GET_REL_POS, nullptr},
    {GGML_OP_ADD_REL_POS, nullptr},
    {GGML_OP_MAP_CUSTOM1, nullptr},
    {GGML_OP_MAP_CUSTOM2, nullptr},
    {GGML_OP_MAP_CUSTOM3, nullptr},
    {GGML_OP_CUSTOM, nullptr},
};

const Exception* find_exception(ggml_op op) {
    for (const Exception& exception : exceptions) {
        if (exception.op == op) {
            return &exception;
        }
    }
    return nullptr;
}

using Names = std::set<std::string>;

/// Names that start with `prefix` and are followed by `next`, without comments at the ends of lines.
void find_names(const std::string& line, const std::string& prefix, const std::string& next, Names& names) {
    const std::string code = line.substr(0, line.find("//"));
    for (size_t start = code.find(prefix); start != std::string::npos; start = code.find(prefix, start + 1)) {
        size_t end = start;
        while (end < code.size() && (std::isalnum(static_cast<unsigned char>(code[end])) != 0 || code[end] == '_')) {
            end++;
        }
        const size_t after = std::min(code.size(), code.find_first_not_of(' ', end));
        if (code.compare(after, next.size(), next) == 0) {
            names.insert(code.substr(start, end - start));
        }
    }
}

/// What each function of ggml.c that makes nodes does: the ops it sets, and the functions it calls.
struct NodeFunction {
    Names ops;
    Names calls;
};

std::map<std::string, NodeFunction> read_node_functions(const std::string& path) {
    std::map<std::string, NodeFunction> functions;
    std::ifstream file(path);
    NodeFunction* current = nullptr;
    for (std::string line; std::getline(file, line);) {
        const bool starts_line = !line.empty() && line[0] != ' ' && line[0] != '#';
        if (starts_line && line.find("struct ggml_tensor * ggml_") != std::string::npos) {
            Names name;
            find_names(line, "ggml_", "(", name);
            current = name.empty() ? nullptr : &functions[*name.begin()];
        } else if (line == "}") {
            current = nullptr;
        } else if (current != nullptr) {
            if (line.find("->op") != std::string::npos && line.find('=') != std::string::npos) {
                find_names(line, "GGML_OP_", ";", current->ops);
            }
            find_names(line, "ggml_", "(", current->calls);
        }
    }
    return functions;
}

/// Names of the ops that llama.cpp's sources can add to a graph.
Names find_built_ops(const std::string& llama_cpp) {
    const std::map<std::string, NodeFunction> functions = read_node_functions(llama_cpp + "/ggml/src/ggml.c");
    Names open, known, ops;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(llama_cpp + "/src")) {
        if (entry.path().extension() == ".cpp" || entry.path().extension() == ".h") {
            std::ifstream file(entry.path());
            for (std::string line; std::getline(file, line);) {
                find_names(line, "ggml_", "(", open);
            }
        }
    }
    while (!open.empty()) {
        const std::string name = *open.begin();
        open.erase(open.begin());
        const auto function = functions.find(name);
        if (function != functions.end() && known.insert(name).second) {
            ops.insert(function->second.ops.begin(), function->second.ops.end());
            open.insert(function->second.calls.begin(), function->second.calls.end());
        }
    }
    return ops;
}

/// A node of an op, or of a function or gated unit, whose first parameter names it.
ggml_tensor node_of(ggml_op op, int32_t function = 0) {
    ggml_tensor node{};
    node.op = op;
    node.op_params[0] = function;
    return node;
}

} // namespace

std::vector<std::string> check_coverage(const Covered& covered, const std::string& llama_cpp) {
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

    const Names built = find_built_ops(llama_cpp);
    for (const Exception& exception : exceptions) {
        const std::string name = ggml_op_name(exception.op);
        if ((built.count("GGML_OP_" + name) != 0) != (exception.use != nullptr)) {
            failures.push_back(name + (exception.use != nullptr ? " is built no longer" : " is built by a model"));
        }
    }
    for (const char* common : {"MUL_MAT", "MUL_MAT_ID", "SOFT_MAX", "ROPE", "GLU", "GATED_DELTA_NET"}) {
        if (built.count(std::string("GGML_OP_") + common) == 0) {
            failures.push_back(std::string(common) + " was not found in " + llama_cpp);
        }
    }
    return failures;
}

} // namespace mixllm
