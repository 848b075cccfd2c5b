#include "engine/cut_products.h"

#include <ggml-backend.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace mixllm {

namespace {

// ggml's kernels of products work in tiles of up to 16 rows and take other ways for a few columns. Pieces that are
// larger, and multiples of 16 rows but for the last, take the same way as the whole.
constexpr int64_t row_tile = 16;
constexpr int64_t usual_rows = 1024;
constexpr int64_t fewest_columns = 32;

/// How a product is cut: into `row_pieces` of its first matrix's rows times `column_pieces` of the second's.
struct Cut {
    int64_t row_pieces = 1;
    int64_t column_pieces = 1;

    int64_t pieces() const { return row_pieces * column_pieces; }
};

Cut plan_cut(const ggml_tensor* product, double most_operations) {
    if (product->op != GGML_OP_MUL_MAT && product->op != GGML_OP_MUL_MAT_ID) {
        return {};
    }
    const auto depth = static_cast<double>(product->src[0]->ne[0]);
    const auto per_row = 2.0 * depth * static_cast<double>(ggml_nelements(product) / product->ne[0]);
    const int64_t rows = product->ne[0];
    if (per_row * static_cast<double>(rows) <= most_operations || rows < 2 * row_tile) {
        return {};
    }
    // A part of the columns of a batch of matrices would not lie together, which ggml takes another way for.
    const bool is_single = product->op == GGML_OP_MUL_MAT && product->ne[2] == 1 && product->ne[3] == 1;
    const int64_t fitting = std::max<int64_t>(1, static_cast<int64_t>(most_operations / per_row));
    Cut cut;
    if (!is_single) {
        cut.row_pieces = rows / std::max(row_tile, std::min(fitting, rows));
        return cut;
    }
    const int64_t piece_rows = std::min(rows, std::max(usual_rows, fitting));
    cut.row_pieces = std::max<int64_t>(1, rows / piece_rows);
    const double columns = most_operations / (2.0 * depth * static_cast<double>(rows / cut.row_pieces));
    cut.column_pieces =
        std::max<int64_t>(1, product->ne[1] / std::max<int64_t>(fewest_columns, static_cast<int64_t>(columns)));
    return cut;
}

/// The first of the rows that piece `piece` of `pieces` has; all but the last end at a multiple of a tile.
int64_t first_row(int64_t rows, int64_t piece, int64_t pieces) {
    return piece == pieces ? rows : rows * piece / pieces / row_tile * row_tile;
}

/// Rows `first` to `last` of a matrix, or of each of several.
ggml_tensor* view_rows(ggml_context* context, ggml_tensor* matrix, int64_t first, int64_t last) {
    ggml_tensor* view =
        ggml_view_4d(context, matrix, matrix->ne[0], last - first, matrix->ne[2], matrix->ne[3], matrix->nb[1],
                     matrix->nb[2], matrix->nb[3], static_cast<size_t>(first) * matrix->nb[1]);
    if (view->buffer == nullptr) {
        ggml_backend_view_init(view);
    }
    return view;
}

void add_pieces(ggml_context* context, ggml_cgraph* graph, ggml_tensor* product, const Cut& cut) {
    ggml_tensor* left = product->src[0];
    ggml_tensor* right = product->src[1];
    for (int64_t r = 0; r < cut.row_pieces; r++) {
        const int64_t row = first_row(product->ne[0], r, cut.row_pieces);
        ggml_tensor* rows = view_rows(context, left, row, first_row(product->ne[0], r + 1, cut.row_pieces));
        for (int64_t c = 0; c < cut.column_pieces; c++) {
            const int64_t column = product->ne[1] * c / cut.column_pieces;
            const int64_t end = product->ne[1] * (c + 1) / cut.column_pieces;
            ggml_tensor* columns = cut.column_pieces == 1 ? right : view_rows(context, right, column, end);
            ggml_tensor* piece = product->op == GGML_OP_MUL_MAT_ID
                                     ? ggml_mul_mat_id(context, rows, columns, product->src[2])
                                     : ggml_mul_mat(context, rows, columns);
            std::memcpy(piece->op_params, product->op_params, sizeof piece->op_params);
            std::copy_n(product->nb, GGML_MAX_DIMS, piece->nb);
            piece->buffer = product->buffer;
            piece->data = static_cast<char*>(product->data) + static_cast<size_t>(row) * product->nb[0] +
                          static_cast<size_t>(column) * product->nb[1];
            ggml_build_forward_expand(graph, piece);
        }
    }
    // What follows takes the pieces' memory as it is.
    product->op = GGML_OP_NONE;
    std::fill_n(product->src, GGML_MAX_SRC, nullptr);
}

} // namespace

CutGraph cut_products(ggml_cgraph* graph, double most_operations) {
    const int nodes = ggml_graph_n_nodes(graph);
    std::vector<Cut> cuts;
    size_t tensors = 0;
    for (int i = 0; i < nodes; i++) {
        cuts.push_back(plan_cut(ggml_graph_node(graph, i), most_operations));
        tensors += static_cast<size_t>(3 * cuts.back().pieces());
    }
    if (tensors == static_cast<size_t>(3 * nodes)) {
        return {nullptr, graph};
    }
    // Besides the nodes there are their inputs, no more than each can have.
    const size_t size = tensors + static_cast<size_t>(nodes) * 3 + static_cast<size_t>(ggml_graph_size(graph));
    ggml_init_params params{};
    params.mem_size = tensors * ggml_tensor_overhead() + ggml_graph_overhead_custom(size, false);
    params.no_alloc = true;
    CutGraph cut{std::unique_ptr<ggml_context, FreeGgmlContext>(ggml_init(params)), nullptr};
    if (!cut.context) {
        throw std::runtime_error("not enough memory for a ggml context");
    }
    cut.graph = ggml_new_graph_custom(cut.context.get(), size, false);
    for (int i = 0; i < nodes; i++) {
        ggml_tensor* node = ggml_graph_node(graph, i);
        if (cuts[static_cast<size_t>(i)].pieces() > 1) {
            add_pieces(cut.context.get(), cut.graph, node, cuts[static_cast<size_t>(i)]);
        } else {
            ggml_build_forward_expand(cut.graph, node);
        }
    }
    return cut;
}

} // namespace mixllm
