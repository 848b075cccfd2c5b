// The loops around an instruction set's kernels. Included by each kernels_*.cpp inside an unnamed namespace, so that
// code compiled for one instruction set is never linked into another.
//
// `Isa` provides, for Panel = PanelGroup4 and PanelGroup8:
//   static void pack(const mixllm_cpu_weight&, int64_t row, int64_t group, Panel& panel)
//       rearranges one group of 16 rows from `row` on into panel.q;
//   static void header(const uint16_t* scales, const uint8_t* zeros, Panel&)
//       sets the panel's scales and zero points from those of 16 rows (8-bit rows have no zeros in memory);
//   template <int tokens> static void multiply(const Panel&, const ActivationCell&, float* y)
//       adds one group's contribution to y[tokens][16];
//   where `has_tile_kernels`:
//   static void multiply_two(const Panel&, const Panel&, const ActivationCell&, float* y0, float* y1)
//       the same for 16 tokens and the panels of two tiles;
//   template <int tokens, class Panel> static void tile_wise(const mixllm_cpu_weight&, const Activations&, int64_t row,
//                                                            const AheadInTiles&, float* y)
//       computes y[tokens][16] of a tile of a tiled weight;
//   static void row_wise(const mixllm_cpu_weight&, const Activations&, int64_t row, float* y, const Panel*)
//       computes y[16] of a single token straight from the packed rows;
//   class Rows: constructed from the output channels of a tile's rows; store(tile, y) writes y[channel] = tile[row].

// Panels of one pass over the activations stay in the L2 cache.
constexpr size_t pass_bytes = 256 * 1024;
constexpr int max_pass_tiles = 8;
// Activations of one step stay in the L1 cache while the tiles of a pass go over them.
constexpr int64_t step_groups = 4;

// Kernels are instantiated for each number of tokens that a block can have: i + 1.
using BlockTokens = std::make_integer_sequence<int, MIXLLM_BLOCK_TOKENS>;

template <class Panel>
using Multiply = void (*)(const Panel&, const ActivationCell&, float*);

template <class Isa, class Panel, int... i>
Multiply<Panel> multiply_for(int tokens, std::integer_sequence<int, i...>) {
    static constexpr Multiply<Panel> by_tokens[] = {Isa::template multiply<i + 1>...};
    return by_tokens[tokens - 1];
}

// Where the 4-bit or the 8-bit rows of a weight and their scales and zero points lie.
class PartOfWeight {
public:
    PartOfWeight(const mixllm_cpu_weight& w, const PanelGroup4*)
        : PartOfWeight(w, w.w4, w.n_inputs / 2, MIXLLM_GROUP_SIZE / 2, w.w4_scale, w.w4_zero, w.n4) {}

    PartOfWeight(const mixllm_cpu_weight& w, const PanelGroup8*)
        : PartOfWeight(w, (const uint8_t*)w.w8, w.n_inputs, MIXLLM_GROUP_SIZE, w.w8_scale, nullptr, w.n8) {}

    const uint16_t* scales(int64_t row, int64_t group) const { return scale + at(row, group); }
    const uint8_t* zeros(int64_t row, int64_t group) const { return zero ? zero + at(row, group) / 2 : nullptr; }

    // Of a tiled weight: the words of a panel, ready to multiply.
    uint32_t (*words(int64_t row, int64_t group) const)[MIXLLM_ROW_TILE] {
        return (uint32_t(*)[MIXLLM_ROW_TILE])(data + row * row_bytes + group * MIXLLM_ROW_TILE * group_bytes);
    }

    const bool tiled;

private:
    PartOfWeight(const mixllm_cpu_weight& w, const uint8_t* data, int64_t row_bytes, int64_t group_bytes,
                 const uint16_t* scale, const uint8_t* zero, int64_t n)
        : tiled(w.tiled), data(data), row_bytes(row_bytes), group_bytes(group_bytes), scale(scale), zero(zero), n(n),
          groups(mixllm_groups(w.n_inputs)) {}

    int64_t at(int64_t row, int64_t group) const {
        return tiled ? row * groups + group * MIXLLM_ROW_TILE : group * n + row;
    }

    const uint8_t* data;
    const int64_t row_bytes;
    const int64_t group_bytes;
    const uint16_t* scale;
    const uint8_t* zero;
    const int64_t n;
    const int64_t groups;
};

template <class Panel>
struct alignas(64) PanelWords {
    uint32_t q[Panel::words][MIXLLM_ROW_TILE];
};

// Blocks of 32 inputs that a group has.
inline int group_blocks(int64_t n_inputs, int64_t group) {
    const int64_t left = n_inputs - group * MIXLLM_GROUP_SIZE;
    return (int)((left < MIXLLM_GROUP_SIZE ? left : (int64_t)MIXLLM_GROUP_SIZE) / MIXLLM_INPUT_BLOCK);
}

// Makes one group of 16 rows ready to multiply: in place when the weight is tiled, else in `words`.
template <class Isa, class Panel>
inline void prepare(const mixllm_cpu_weight& w, int64_t row, int64_t group, PanelWords<Panel>& words, Panel& panel) {
    const PartOfWeight part(w, &panel);
    panel.blocks = group_blocks(w.n_inputs, group);
    if (part.tiled) {
        panel.q = part.words(row, group);
    } else {
        panel.q = words.q;
        Isa::pack(w, row, group, panel);
    }
    Isa::header(part.scales(row, group), part.zeros(row, group), panel);
}

// A tile's rows lie one after another in memory. Asking, while one tile is computed, for the next to be brought to the
// L2 cache walks memory in order, which sixteen row streams do not. Each row of each group asks for its share.
class NextTile {
public:
    NextTile(const mixllm_cpu_weight& w, int64_t row, int64_t group, const PanelGroup4*)
        : NextTile(w.w4, row, w.n_inputs / 2, group, MIXLLM_GROUP_SIZE / 2) {}

    NextTile(const mixllm_cpu_weight& w, int64_t row, int64_t group, const PanelGroup8*)
        : NextTile(w.w8, row, w.n_inputs, group, MIXLLM_GROUP_SIZE) {}

    void prefetch(int row) const {
        for (uintptr_t line = 0; line < share; line += 64) {
            prefetch_to_l2((const void*)(start + (uintptr_t)row * share + line));
        }
    }

    void prefetch_all() const {
        for (int row = 0; row < MIXLLM_ROW_TILE; row++) {
            prefetch(row);
        }
    }

private:
    NextTile(const void* weights, int64_t row, int64_t row_bytes, int64_t group, int share)
        : start((uintptr_t)weights + (uintptr_t)((row + MIXLLM_ROW_TILE) * row_bytes) +
                (uintptr_t)(group * MIXLLM_ROW_TILE * share)),
          share((uintptr_t)share) {}

    const uintptr_t start;
    const uintptr_t share;
};

// Asks for the words of a panel that lies `distance` bytes behind this one in a tiled weight, beyond its end too, which
// a hint may.
template <class Panel>
inline void prefetch_words(const Panel& panel, uintptr_t distance) {
    for (int word = 0; word < Panel::words / 4 * panel.blocks; word++) {
        prefetch_to_l2((const void*)((uintptr_t)panel.q[word] + distance));
    }
}

// Tiles are one stream of memory, which the hardware follows by itself, but waits at each page until its address is
// translated. So a group that ends in a new page asks for the start of one farther on. Where the stream stops at pages
// altogether, or several tokens take the time in which it would run ahead, each group asks for what lies ahead as well.
class AheadInTiles {
public:
    explicit AheadInTiles(int tokens) : asks_for_lines(tokens > 2 || cpu_features().stops_at_pages) {}

    template <class Panel>
    void prefetch(const Panel& panel) const {
        if (asks_for_lines) {
            // A whole page ahead they would be in the cache sets of those that several tokens multiply.
            prefetch_words(panel, page + page / 8);
        }
        const uintptr_t bytes = sizeof(PanelWords<Panel>) / 4 * (uintptr_t)panel.blocks;
        const uintptr_t end = (uintptr_t)panel.q + bytes;
        if (end % page < bytes) {
            prefetch_to_l2((const void*)(end / page * page + 2 * page));
        }
    }

private:
    static constexpr uintptr_t page = 4096;

    const bool asks_for_lines;
};

// The tiles that follow those of a pass in a tiled weight; behind an expert's last ones, those of the next expert.
template <class Panel>
class NextPass {
public:
    NextPass(const mixllm_cpu_weight& w, int64_t tile, int64_t tiles)
        : part(w, (const Panel*)nullptr), row((tile + tiles) * MIXLLM_ROW_TILE),
          distance((uintptr_t)part.words(row, 0) - (uintptr_t)part.words(tile * MIXLLM_ROW_TILE, 0)) {}

    // Asks for the scales and zero points of so many of their groups.
    void prefetch_headers(int64_t count) const {
        const char* scales = (const char*)part.scales(row, 0);
        for (int64_t at = 0; at < count * MIXLLM_ROW_TILE * 2; at += 64) {
            prefetch_to_l2(scales + at);
        }
        const char* zeros = (const char*)part.zeros(row, 0);
        for (int64_t at = 0; zeros != nullptr && at < count * MIXLLM_ROW_TILE / 2; at += 64) {
            prefetch_to_l2(zeros + at);
        }
    }

    // Asks for the panel that has the place of this one in the next pass.
    void prefetch(const Panel& panel) const { prefetch_words(panel, distance); }

private:
    const PartOfWeight part;
    const int64_t row;
    const uintptr_t distance;
};

// Four inputs of each token, one after another.
inline void interleave_words(const int8_t* const* from, int tokens, int8_t* q) {
    for (int t = 0; t < tokens; t++) {
        for (int word = 0; word < MIXLLM_GROUP_SIZE / 4; word++) {
            memcpy(q + (word * tokens + t) * 4, from[t] + word * 4, 4);
        }
    }
}

// Writes a tile's rows where they belong, one after another.
class EachRow {
public:
    explicit EachRow(const int32_t* rows) : rows(rows) {}

    void store(const float* tile, float* y) const {
        for (int r = 0; r < MIXLLM_ROW_TILE; r++) {
            y[rows[r]] = tile[r];
        }
    }

private:
    const int32_t* rows;
};

template <class Isa>
inline void scatter(const float* tile, int64_t first_token, int tokens, const int32_t* rows, const Output& output) {
    const typename Isa::Rows to(rows);
    for (int t = 0; t < tokens; t++) {
        to.store(tile + t * MIXLLM_ROW_TILE, output.row(first_token + t));
    }
}

using TileWise = void (*)(const mixllm_cpu_weight&, const Activations&, int64_t row, const AheadInTiles&, float* y);

template <class Isa, class Panel, int... i>
TileWise tile_wise_for(int tokens, std::integer_sequence<int, i...>) {
    static constexpr TileWise by_tokens[] = {Isa::template tile_wise<i + 1, Panel>...};
    return by_tokens[tokens - 1];
}

// At most one block of tokens and a tiled weight.
template <class Isa, class Panel>
void few_tokens_tiled(const mixllm_cpu_weight& weight, const Activations& a, const int32_t* rows, const Output& output,
                      int64_t first, int64_t last) {
    const int tokens = (int)a.tokens;
    const TileWise tile_wise = tile_wise_for<Isa, Panel>(tokens, BlockTokens());
    const AheadInTiles ahead(tokens);
    alignas(64) float tile_y[MIXLLM_BLOCK_TOKENS * MIXLLM_ROW_TILE];
    for (int64_t tile = first; tile < last; tile++) {
        const int64_t row = tile * MIXLLM_ROW_TILE;
        prefetch_to_l2(rows + row + 4 * MIXLLM_ROW_TILE);
        tile_wise(weight, a, row, ahead, tile_y);
        scatter<Isa>(tile_y, 0, tokens, rows + row, output);
    }
}

// At most one block of tokens: each group is used as soon as it is ready, so weights are read once.
template <class Isa, class Panel>
void few_tokens(const mixllm_cpu_weight& weight, const Activations& a, const int32_t* rows, const Output& output,
                int64_t first, int64_t last) {
    const int tokens = (int)a.tokens;
    const Multiply<Panel> multiply = multiply_for<Isa, Panel>(tokens, BlockTokens());
    PanelWords<Panel> words;
    Panel panel;
    alignas(64) float tile_y[MIXLLM_BLOCK_TOKENS * MIXLLM_ROW_TILE];
    for (int64_t tile = first; tile < last; tile++) {
        const int64_t row = tile * MIXLLM_ROW_TILE;
        memset(tile_y, 0, sizeof tile_y);
        for (int64_t g = 0; g < a.groups; g++) {
            if (!weight.tiled) {
                NextTile(weight, row, g, &panel).prefetch_all();
            }
            prepare<Isa>(weight, row, g, words, panel);
            multiply(panel, activation_cell(a, 0, g), tile_y);
        }
        scatter<Isa>(tile_y, 0, tokens, rows + row, output);
    }
}

template <class Isa, class Panel>
void many_tokens(const mixllm_cpu_weight& weight, const Activations& a, const int32_t* rows, const Output& output,
                 int64_t first, int64_t last) {
    const int64_t fitting = (int64_t)(pass_bytes / ((sizeof(Panel) + sizeof(PanelWords<Panel>)) * (size_t)a.groups));
    const int64_t pass_tiles = fitting < 1 ? 1 : fitting > max_pass_tiles ? max_pass_tiles : fitting;
    const size_t pass_panels = (size_t)(a.groups * pass_tiles);
    const size_t word_bytes = weight.tiled ? 0 : sizeof(PanelWords<Panel>) * pass_panels;
    Panel* panels = (Panel*)thread_scratch(sizeof(Panel) * pass_panels + word_bytes);
    PanelWords<Panel>* words = (PanelWords<Panel>*)(panels + pass_panels);
    alignas(64) float pass_y[max_pass_tiles][MIXLLM_BLOCK_TOKENS * MIXLLM_ROW_TILE];
    for (int64_t tile = first; tile < last; tile += pass_tiles) {
        const int64_t tiles = last - tile < pass_tiles ? last - tile : pass_tiles;
        for (int64_t i = 0; i < tiles; i++) {
            for (int64_t g = 0; g < a.groups; g++) {
                const int64_t row = (tile + i) * MIXLLM_ROW_TILE;
                const int64_t at = i * a.groups + g;
                if (!weight.tiled) {
                    NextTile(weight, row, g, panels).prefetch_all();
                }
                prepare<Isa>(weight, row, g, words[weight.tiled ? 0 : at], panels[at]);
            }
        }
        const NextPass<Panel> next(weight, tile, tiles);
        const int64_t blocks = block_count(a.tokens);
        for (int64_t block = 0; block < blocks; block++) {
            const int tokens = block_tokens(a, block);
            const bool prefetches_next = weight.tiled && block == blocks - 1;
            if (prefetches_next) {
                next.prefetch_headers(tiles * a.groups);
            }
            const Multiply<Panel> multiply = multiply_for<Isa, Panel>(tokens, BlockTokens());
            memset(pass_y, 0, (size_t)tiles * sizeof pass_y[0]);
            for (int64_t step = 0; step < a.groups; step += step_groups) {
                const int64_t end = step + step_groups < a.groups ? step + step_groups : a.groups;
                int64_t together;
                for (int64_t i = 0; i < tiles; i += together) {
                    together = Isa::has_tile_kernels && tokens == MIXLLM_BLOCK_TOKENS && i + 1 < tiles ? 2 : 1;
                    for (int64_t of = tile + i; step == 0 && of < tile + i + together; of++) {
                        for (int t = 0; t < tokens; t++) {
                            prefetch_to_write(output.row(block * MIXLLM_BLOCK_TOKENS + t) + rows[of * MIXLLM_ROW_TILE]);
                        }
                    }
                    for (int64_t g = step; g < end; g++) {
                        const Panel& panel = panels[i * a.groups + g];
                        for (int64_t of = i; prefetches_next && of < i + together; of++) {
                            next.prefetch(panels[of * a.groups + g]);
                        }
                        if constexpr (Isa::has_tile_kernels) {
                            if (together == 2) {
                                Isa::multiply_two(panel, panels[(i + 1) * a.groups + g], activation_cell(a, block, g),
                                                  pass_y[i], pass_y[i + 1]);
                                continue;
                            }
                        }
                        multiply(panel, activation_cell(a, block, g), pass_y[i]);
                    }
                }
            }
            for (int64_t i = 0; i < tiles; i++) {
                scatter<Isa>(pass_y[i], block * MIXLLM_BLOCK_TOKENS, tokens, rows + (tile + i) * MIXLLM_ROW_TILE,
                             output);
            }
        }
    }
}

// One token, from the packed rows.
template <class Isa, class Panel>
void one_token(const mixllm_cpu_weight& weight, const Activations& a, const int32_t* rows, const Output& output,
               int64_t first, int64_t last) {
    alignas(64) float tile_y[MIXLLM_ROW_TILE];
    for (int64_t tile = first; tile < last; tile++) {
        const int64_t row = tile * MIXLLM_ROW_TILE;
        Isa::row_wise(weight, a, row, tile_y, (const Panel*)nullptr);
        scatter<Isa>(tile_y, 0, 1, rows + row, output);
    }
}

template <class Isa, class Panel>
void part(const mixllm_cpu_weight& weight, const Activations& a, const int32_t* rows, const Output& output,
          int64_t first, int64_t last) {
    if (a.tokens == 0 || first >= last) {
        return;
    }
    if (a.tokens > MIXLLM_BLOCK_TOKENS) {
        many_tokens<Isa, Panel>(weight, a, rows, output, first, last);
        return;
    }
    if constexpr (Isa::has_tile_kernels) {
        if (weight.tiled) {
            few_tokens_tiled<Isa, Panel>(weight, a, rows, output, first, last);
            return;
        }
    }
    if (a.tokens == 1 && !weight.tiled) {
        one_token<Isa, Panel>(weight, a, rows, output, first, last);
    } else {
        few_tokens<Isa, Panel>(weight, a, rows, output, first, last);
    }
}

template <class Isa>
void mul_mat(const mixllm_cpu_weight& weight, const Activations& a, const Output& output, const Share& share) {
    part<Isa, PanelGroup4>(weight, a, weight.rows, output, share.first4, share.last4);
    part<Isa, PanelGroup8>(weight, a, weight.rows + weight.n4, output, share.first8, share.last8);
}

// Rearranges the rows of a weight that has one part only.
template <class Isa, class Panel>
void tile_part(const mixllm_cpu_weight& weight, int64_t n, uint8_t* to) {
    const int64_t groups = mixllm_groups(weight.n_inputs);
    Panel panel;
    PanelWords<Panel> words;
    panel.q = words.q;
    for (int64_t row = 0; row < n; row += MIXLLM_ROW_TILE) {
        for (int64_t g = 0; g < groups; g++) {
            Isa::pack(weight, row, g, panel);
            const size_t bytes = sizeof words / 4 * (size_t)group_blocks(weight.n_inputs, g);
            memcpy(to, words.q, bytes);
            to += bytes;
        }
    }
}

template <class Isa>
void tile_rows(const mixllm_cpu_weight& weight, uint8_t* to) {
    tile_part<Isa, PanelGroup4>(weight, weight.n4, to);
    tile_part<Isa, PanelGroup8>(weight, weight.n8, to);
}
