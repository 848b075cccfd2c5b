// The loops around an instruction set's kernels. Included by each kernels_*.cpp inside an unnamed namespace, so that
// code compiled for one instruction set is never linked into another.
//
// `Isa` provides, for Panel = PanelGroup4 and PanelGroup8:
//   static void pack(const mixllm_weight&, int64_t row, int64_t group, Panel&)
//       rearranges one group of 16 rows from `row` on;
//   template <int tokens> static void multiply(const Panel&, const ActivationCell&, float* y)
//       adds one group's contribution to y[tokens][16];
//   static void row_wise(const mixllm_weight&, const Activations&, int64_t row, float* y, const Panel*)
//       computes y[16] of a single token straight from the packed rows.

// Panels of one pass over the activations stay in the L2 cache.
constexpr size_t pass_bytes = 256 * 1024;
constexpr int max_pass_tiles = 8;
// Activations of one step stay in the L1 cache while the tiles of a pass go over them.
constexpr int64_t step_groups = 4;

template <class Panel>
using Multiply = void (*)(const Panel&, const ActivationCell&, float*);

template <class Isa, class Panel>
Multiply<Panel> multiply_for(int tokens) {
    static constexpr Multiply<Panel> by_tokens[] = {
        nullptr,
        Isa::template multiply<1>,
        Isa::template multiply<2>,
        Isa::template multiply<3>,
        Isa::template multiply<4>,
        Isa::template multiply<5>,
        Isa::template multiply<6>,
        Isa::template multiply<7>,
        Isa::template multiply<8>,
        Isa::template multiply<9>,
        Isa::template multiply<10>,
        Isa::template multiply<11>,
        Isa::template multiply<12>,
        Isa::template multiply<13>,
        Isa::template multiply<14>,
        Isa::template multiply<15>,
        Isa::template multiply<16>,
    };
    return by_tokens[tokens];
}

// A tile's rows lie one after another in memory. Asking, while one tile is computed, for the next to be brought to the
// L2 cache walks memory in order, which sixteen row streams do not. Each row of each group asks for its share.
class NextTile {
public:
    NextTile(const mixllm_weight& w, int64_t row, int64_t group, const PanelGroup4*)
        : NextTile(w.w4, row, w.n_inputs / 2, group, MIXLLM_GROUP_SIZE / 2) {}

    NextTile(const mixllm_weight& w, int64_t row, int64_t group, const PanelGroup8*)
        : NextTile(w.w8, row, w.n_inputs, group, MIXLLM_GROUP_SIZE) {}

    void prefetch(int row) const {
        for (uintptr_t line = 0; line < share; line += 64) {
            prefetch_to_l2((const void*)(start + (uintptr_t)row * share + line));
        }
    }

    void prefetch_all() const {
        for (int row = 0; row < MIXLLM_TILE_ROWS; row++) {
            prefetch(row);
        }
    }

private:
    NextTile(const void* weights, int64_t row, int64_t row_bytes, int64_t group, int share)
        : start((uintptr_t)weights + (uintptr_t)((row + MIXLLM_TILE_ROWS) * row_bytes) +
                (uintptr_t)(group * MIXLLM_TILE_ROWS * share)),
          share((uintptr_t)share) {}

    const uintptr_t start;
    const uintptr_t share;
};

inline void scatter(const float* tile, int tokens, const int32_t* rows, float* y, int64_t y_stride) {
    for (int t = 0; t < tokens; t++) {
        for (int r = 0; r < MIXLLM_TILE_ROWS; r++) {
            y[t * y_stride + rows[r]] = tile[t * MIXLLM_TILE_ROWS + r];
        }
    }
}

// At most one block of tokens: each group is used as soon as it is rearranged, so weights are read once.
template <class Isa, class Panel>
void few_tokens(const mixllm_weight& weight, const Activations& a, const int32_t* rows, float* y, int64_t y_stride,
                int64_t first, int64_t last) {
    const int tokens = (int)a.tokens;
    const Multiply<Panel> multiply = multiply_for<Isa, Panel>(tokens);
    alignas(64) Panel panel;
    alignas(64) float tile_y[MIXLLM_BLOCK_TOKENS * MIXLLM_TILE_ROWS];
    for (int64_t tile = first; tile < last; tile++) {
        const int64_t row = tile * MIXLLM_TILE_ROWS;
        memset(tile_y, 0, sizeof tile_y);
        for (int64_t g = 0; g < a.groups; g++) {
            NextTile(weight, row, g, &panel).prefetch_all();
            Isa::pack(weight, row, g, panel);
            multiply(panel, activation_cell(a, 0, g), tile_y);
        }
        scatter(tile_y, tokens, rows + row, y, y_stride);
    }
}

template <class Isa, class Panel>
void many_tokens(const mixllm_weight& weight, const Activations& a, const int32_t* rows, float* y, int64_t y_stride,
                 int64_t first, int64_t last) {
    const int64_t fitting = (int64_t)(pass_bytes / (sizeof(Panel) * (size_t)a.groups));
    const int64_t pass_tiles = fitting < 1 ? 1 : fitting > max_pass_tiles ? max_pass_tiles : fitting;
    Panel* panels = (Panel*)thread_scratch(sizeof(Panel) * (size_t)(a.groups * pass_tiles));
    alignas(64) float pass_y[max_pass_tiles][MIXLLM_BLOCK_TOKENS * MIXLLM_TILE_ROWS];
    for (int64_t tile = first; tile < last; tile += pass_tiles) {
        const int64_t tiles = last - tile < pass_tiles ? last - tile : pass_tiles;
        for (int64_t i = 0; i < tiles; i++) {
            for (int64_t g = 0; g < a.groups; g++) {
                const int64_t row = (tile + i) * MIXLLM_TILE_ROWS;
                NextTile(weight, row, g, panels).prefetch_all();
                Isa::pack(weight, row, g, panels[i * a.groups + g]);
            }
        }
        for (int64_t block = 0; block < block_count(a.tokens); block++) {
            const int tokens = block_tokens(a, block);
            const Multiply<Panel> multiply = multiply_for<Isa, Panel>(tokens);
            memset(pass_y, 0, (size_t)tiles * sizeof pass_y[0]);
            for (int64_t step = 0; step < a.groups; step += step_groups) {
                const int64_t end = step + step_groups < a.groups ? step + step_groups : a.groups;
                for (int64_t i = 0; i < tiles; i++) {
                    for (int64_t g = step; g < end; g++) {
                        multiply(panels[i * a.groups + g], activation_cell(a, block, g), pass_y[i]);
                    }
                }
            }
            for (int64_t i = 0; i < tiles; i++) {
                scatter(pass_y[i], tokens, rows + (tile + i) * MIXLLM_TILE_ROWS,
                        y + block * MIXLLM_BLOCK_TOKENS * y_stride, y_stride);
            }
        }
    }
}

template <class Isa, class Panel>
void one_token(const mixllm_weight& weight, const Activations& a, const int32_t* rows, float* y, int64_t first,
               int64_t last) {
    alignas(64) float tile_y[MIXLLM_TILE_ROWS];
    for (int64_t tile = first; tile < last; tile++) {
        const int64_t row = tile * MIXLLM_TILE_ROWS;
        Isa::row_wise(weight, a, row, tile_y, (const Panel*)nullptr);
        scatter(tile_y, 1, rows + row, y, 0);
    }
}

template <class Isa, class Panel>
void part(const mixllm_weight& weight, const Activations& a, const int32_t* rows, float* y, int64_t y_stride,
          int64_t first, int64_t last) {
    if (a.tokens == 0 || first >= last) {
        return;
    }
    if (a.tokens == 1) {
        one_token<Isa, Panel>(weight, a, rows, y, first, last);
    } else if (a.tokens <= MIXLLM_BLOCK_TOKENS) {
        few_tokens<Isa, Panel>(weight, a, rows, y, y_stride, first, last);
    } else {
        many_tokens<Isa, Panel>(weight, a, rows, y, y_stride, first, last);
    }
}

template <class Isa>
void mul_mat(const mixllm_weight& weight, const Activations& a, float* y, int64_t y_stride, const Share& share) {
    part<Isa, PanelGroup4>(weight, a, weight.rows, y, y_stride, share.first4, share.last4);
    part<Isa, PanelGroup8>(weight, a, weight.rows + weight.n4, y, y_stride, share.first8, share.last8);
}
