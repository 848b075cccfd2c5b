#include "decode/decode_shape.cuh"
#include "dispatch/mul_mat_experts.h"
#include "layout/activations.cuh"
#include "layout/routed_slots.cuh"
#include "tests/float_bits.h"
#include "tests/make_input.h"
#include "tests/reference.h"
#include "tests/suite.h"
#include "tests/sum_orders.h"
#include "tests/test_device.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>

namespace {

// Which experts are chosen: any; one by all; each by several slots of a token; any or none.
enum class Choice { any, one, twice, some_of_none };

struct Case {
    Path path;
    mixllm_cuda_device device;
    int64_t n_inputs, n_outputs;
    std::vector<int64_t> n4; // of each expert
    int64_t tokens, slots, x_rows;
    Choice choice = Choice::any;
    Values values = Values::ordinary;
    bool strided = false; // x, ids and y leave room between their rows
    bool chosen = false;  // the public calls choose the path
};

std::string name_of(const Case& c) {
    static const char* const paths[] = {"portable", "decode", "tile16", "tile32", "tile64", "tile128", "wgmma"};
    std::string text = std::string("experts ") + (c.chosen ? "chosen" : paths[(int)c.path]) +
                       " architecture=" + std::to_string(c.device.architecture) +
                       " multiprocessors=" + std::to_string(c.device.multiprocessors) +
                       " K=" + std::to_string(c.n_inputs) + " N=" + std::to_string(c.n_outputs) + " n4=";
    for (size_t i = 0; i < std::min<size_t>(c.n4.size(), 6); i++) {
        text += std::to_string(c.n4[i]) + ",";
    }
    return text + " experts=" + std::to_string(c.n4.size()) + " tokens=" + std::to_string(c.tokens) +
           " slots=" + std::to_string(c.slots) + " x_rows=" + std::to_string(c.x_rows) +
           " choice=" + std::to_string((int)c.choice) + " values=" + std::to_string((int)c.values) +
           " strided=" + std::to_string(c.strided);
}

// The components of all experts one after another, each exactly as long as it must be.
class Stack {
public:
    explicit Stack(const std::vector<Weight>& experts) {
        std::vector<int32_t> offsets = {0}, rows;
        for (const Weight& w : experts) {
            offsets.push_back(offsets.back() + (int32_t)w.n4);
            rows.insert(rows.end(), w.rows.begin(), w.rows.end());
        }
        view.n_inputs = experts[0].n_inputs;
        view.n_outputs = experts[0].n4 + experts[0].n8;
        view.n_experts = (int64_t)experts.size();
        view.offsets = keep(offsets);
        view.rows = keep(rows);
        std::vector<uint8_t> w4, w4_zero;
        std::vector<int8_t> w8;
        std::vector<uint16_t> w4_scale, w8_scale;
        for (const Weight& w : experts) {
            const PackedWeight packed(w);
            append(w4, packed.w4);
            append(w4_scale, packed.w4_scale);
            append(w4_zero, packed.w4_zero);
            append(w8, packed.w8);
            append(w8_scale, packed.w8_scale);
        }
        view.w4 = keep(w4);
        view.w4_scale = keep(w4_scale);
        view.w4_zero = keep(w4_zero);
        view.w8 = keep(w8);
        view.w8_scale = keep(w8_scale);
    }

    mixllm_cuda_experts view = {};

private:
    template <class T>
    static void append(std::vector<T>& to, const std::vector<T>& from) {
        to.insert(to.end(), from.begin(), from.end());
    }

    template <class T>
    const T* keep(const std::vector<T>& values) {
        const auto array = std::make_shared<DeviceArray<T>>(values);
        arrays.push_back(array);
        return array->get();
    }

    std::vector<std::shared_ptr<void>> arrays;
};

int32_t choose(const Case& c, int64_t token, int64_t slot, std::mt19937& random) {
    const int32_t n = (int32_t)c.n4.size();
    const uint32_t r = (uint32_t)(random() >> 4);
    switch (c.choice) {
    case Choice::one:
        return n - 1;
    case Choice::twice:
        return (int32_t)((token + slot / 2) % n);
    case Choice::some_of_none: {
        static const int32_t none[] = {-1, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
        return r % 8 < 3 ? none[r % 8] : r % 8 == 3 ? n : (int32_t)(r / 8 % (uint32_t)n);
    }
    case Choice::any:
        break;
    }
    return (int32_t)(r % (uint32_t)n);
}

// What the route must be: each slot at a place of its own, in tiles of one expert that are full but for the expert's
// last, experts and the slots of each ascending, those of no expert last.
std::string check_route(const Case& c, const std::vector<uint8_t>& bytes, const std::vector<int32_t>& ids) {
    const RoutedSlots r = routed_slots_at(const_cast<uint8_t*>(bytes.data()), c.tokens, c.slots, (int64_t)c.n4.size(),
                                          tile_tokens(c.path));
    int tile = 0;
    for (int expert = 0; expert <= r.n_experts; expert++) {
        int in_tile = 0;
        for (int slot = 0; slot < r.slots; slot++) {
            const int32_t id = ids[slot];
            if ((id >= 0 && id < r.n_experts ? id : r.n_experts) != expert) {
                continue;
            }
            const int place = tile * r.tile_tokens + in_tile;
            if (r.place[slot] != place || r.slot_at[place] != slot) {
                return "slot " + std::to_string(slot) + " is at place " + std::to_string(r.place[slot]) + ", not " +
                       std::to_string(place);
            }
            in_tile++;
            if (r.tiles[2 * tile] != expert || r.tiles[2 * tile + 1] < in_tile) {
                return "tile " + std::to_string(tile) + " is wrong";
            }
            if (in_tile == r.tile_tokens) {
                tile++;
                in_tile = 0;
            }
        }
        if (in_tile > 0) {
            if (r.tiles[2 * tile + 1] != in_tile) {
                return "tile " + std::to_string(tile) + " has " + std::to_string(r.tiles[2 * tile + 1]) +
                       " slots, not " + std::to_string(in_tile);
            }
            tile++;
        }
    }
    if (*r.n_tiles != tile || tile > r.most_tiles) {
        return "there are " + std::to_string(*r.n_tiles) + " tiles, not " + std::to_string(tile);
    }
    for (; tile < r.most_tiles; tile++) {
        if (r.tiles[2 * tile + 1] != 0) {
            return "tile " + std::to_string(tile) + " should not be there";
        }
    }
    return "";
}

constexpr float untouched = -12345.5f;

SumOrder order_of(const Case& c) {
    const int groups = group_count(c.n_inputs);
    if (c.path == Path::decode) {
        return [=](int64_t, int64_t) { return decode_order(groups, expert_decode_warps(groups)); };
    }
    return [=](int64_t, int64_t) { return std::vector<std::vector<int>>{range(0, groups)}; };
}

std::string check(const Case& c, std::mt19937& random) {
    std::vector<Weight> experts;
    for (const int64_t n4 : c.n4) {
        experts.emplace_back(c.n_inputs, n4, c.n_outputs - n4, RowOrder::ascending, c.values, random);
    }
    const Stack stack(experts);
    const int64_t pad = c.strided ? 4 * (int64_t)(random() % 2) + 4 : 0;
    const int64_t x_stride = c.n_inputs + pad, x_token_stride = c.x_rows * x_stride + 3 * pad;
    const int64_t y_stride = c.n_outputs + pad;
    const int64_t id_stride = c.strided ? 3 : 1, id_token_stride = c.slots * id_stride + pad;

    std::vector<float> x(c.tokens * x_token_stride, std::numeric_limits<float>::quiet_NaN());
    const std::vector<float> rows = make_input(c.n_inputs, c.n_inputs, c.tokens * c.x_rows, c.values, random);
    std::vector<int32_t> ids(c.tokens * id_token_stride, 77777), slot_ids;
    for (int64_t token = 0; token < c.tokens; token++) {
        for (int64_t i = 0; i < c.x_rows; i++) {
            std::copy_n(rows.begin() + (token * c.x_rows + i) * c.n_inputs, c.n_inputs,
                        x.begin() + token * x_token_stride + i * x_stride);
        }
        for (int64_t slot = 0; slot < c.slots; slot++) {
            slot_ids.push_back(choose(c, token, slot, random));
            ids[token * id_token_stride + slot * id_stride] = slot_ids.back();
        }
    }
    const DeviceArray<float> device_x(x);
    const DeviceArray<int32_t> device_ids(ids);
    const DeviceArray<float> device_y(std::vector<float>(c.tokens * c.slots * y_stride, untouched));
    const mixllm_cuda_choice choice = {(int64_t)c.n4.size(), c.tokens,        c.slots,
                                       device_ids.get(),     id_token_stride, id_stride};
    const mixllm_cuda_input input = {device_x.get(), {c.x_rows, c.tokens, 1}, {x_stride, x_token_stride, 0}};

    // What lies between the parts of either buffer is never written, so they are filled first.
    const auto buffer = [](size_t bytes) { return std::vector<uint8_t>(bytes, uint8_t(0x5A)); };
    const mixllm_cuda_device* device = &c.device;
    const DeviceArray<uint8_t> route(
        buffer(c.chosen ? mixllm_cuda_route_bytes(device, &choice) : route_bytes(c.path, choice)));
    const DeviceArray<uint8_t> activations(c.chosen ? mixllm_cuda_routed_activation_bytes(device, &choice, c.n_inputs)
                                                    : routed_activation_bytes(c.path, choice, c.n_inputs));
    if (c.chosen) {
        require_success(mixllm_cuda_route(device, &choice, route.get(), nullptr), "route");
        require_success(
            mixllm_cuda_quantize_routed(device, &choice, route.get(), &input, c.n_inputs, activations.get(), nullptr),
            "quantize");
        require_success(mixllm_cuda_mul_mat_experts(device, &stack.view, &choice, route.get(), activations.get(),
                                                    device_y.get(), y_stride, nullptr),
                        "mul_mat");
    } else {
        require_success(route_slots(c.device, c.path, choice, route.get(), nullptr), "route");
        require_success(
            quantize_routed(c.device, c.path, choice, route.get(), input, c.n_inputs, activations.get(), nullptr),
            "quantize");
        require_success(mul_mat_experts(c.device, c.path, stack.view, choice, route.get(), activations.get(),
                                        device_y.get(), y_stride, nullptr),
                        "mul_mat");
    }
    require_success(cudaDeviceSynchronize(), "kernel");
    require_success(cudaGetLastError(), "kernel");
    if (!c.chosen && c.tokens > 0) {
        const std::string problem = check_route(c, route.values(), slot_ids);
        if (!problem.empty()) {
            return problem;
        }
    }

    const std::vector<float> y = device_y.values();
    for (int64_t slot = 0; slot < c.tokens * c.slots; slot++) {
        const int32_t id = slot_ids[slot];
        const bool exists = id >= 0 && id < (int32_t)experts.size();
        Reference expected;
        if (exists) {
            const float* row = &rows[(slot / c.slots * c.x_rows + slot % c.slots % c.x_rows) * c.n_inputs];
            const std::vector<float> one(row, row + c.n_inputs);
            expected =
                multiply_reference(experts[id], quantize_reference(one, c.n_inputs, c.n_inputs, 1), 1, order_of(c));
        }
        for (int64_t i = 0; i < y_stride; i++) {
            const float got = y[slot * y_stride + i];
            char text[160] = "";
            const float want = i >= c.n_outputs ? untouched
                               : exists         ? expected.y[i]
                                                : std::numeric_limits<float>::quiet_NaN();
            if (!same_float(got, want)) {
                std::snprintf(text, sizeof text, "slot %lld channel %lld: got %.9g, the definition gives %.9g",
                              (long long)slot, (long long)i, (double)got, (double)want);
            } else if (c.values == Values::unit && i < c.n_outputs && exists && (double)got != expected.y64[i]) {
                std::snprintf(text, sizeof text, "slot %lld channel %lld: integer %.9g should be %.17g",
                              (long long)slot, (long long)i, (double)got, expected.y64[i]);
            }
            if (text[0] != 0) {
                return text;
            }
        }
    }
    return "";
}

void run(Suite& suite, Case c, std::mt19937& random) {
    if (!runs_here(c.device)) {
        suite.skip();
        return;
    }
    if (c.chosen) {
        c.path = choose_expert_path(c.device, c.tokens * c.slots, (int64_t)c.n4.size());
    }
    suite.run(name_of(c), [&] { return check(c, random); });
}

} // namespace

void test_experts(Suite& suite) {
    std::mt19937 random(7);
    const struct {
        Path path;
        int architecture;
    } kernels[] = {{Path::decode, 75}, {Path::portable, 75}, {Path::decode, 80}, {Path::tile16, 80}, {Path::tile32, 80},
                   {Path::tile64, 80}, {Path::tile128, 80},  {Path::decode, 90}, {Path::tile16, 90}, {Path::tile32, 90},
                   {Path::tile64, 90}, {Path::tile128, 90},  {Path::wgmma, 90}};
    // Equal and unequal counts; experts all of 4 and all of 8 bits; stacks of one part alone; one expert; more experts
    // than a warp has lanes.
    std::vector<int64_t> many(70, 48);
    many[3] = 0, many[40] = 144, many[69] = 16;
    const std::vector<std::vector<int64_t>> stacks = {{48, 48, 48}, {144, 0, 16, 128, 32}, {144, 144}, {0, 0, 0}, {16},
                                                      many};
    int turn = 0;
    for (const auto& k : kernels) {
        for (const int64_t n_inputs : {32, 160, 384, 1056}) {
            for (const std::vector<int64_t>& n4 : stacks) {
                // Each kernel meets every pair of inputs and stacks, with the rest in turn.
                const int multiprocessors[] = {1, 3, 132};
                const int64_t slots[] = {1, 4, 6}, tokens[] = {1, 2, 7, 11, 40};
                const mixllm_cuda_device device = {k.architecture, multiprocessors[turn % 3], k.path == Path::wgmma};
                Case c = {k.path, device, n_inputs, 144, n4, tokens[turn % 5], slots[turn / 3 % 3], 1};
                c.x_rows = turn % 4 == 0 ? c.slots : turn % 4 == 1 && c.slots > 1 ? c.slots / 2 : 1;
                c.choice = (Choice)(turn / 2 % 4);
                c.values = turn % 7 == 3 ? Values::limits : turn % 7 == 4 ? Values::unit : Values::ordinary;
                c.strided = turn % 2 == 0;
                run(suite, c, random);
                turn++;
            }
        }
        // Tiles that are full, and one slot more.
        for (const int64_t more : {0, 1}) {
            run(suite,
                {k.path,
                 {k.architecture, 2, k.path == Path::wgmma},
                 288,
                 32,
                 {16, 32},
                 tile_tokens(k.path) + more,
                 2,
                 2,
                 Choice::one,
                 Values::unit},
                random);
        }
        run(suite, {k.path, {k.architecture, 2, k.path == Path::wgmma}, 128, 16, {16}, 0, 2, 2}, random);
    }
    // Through the public calls, which choose the path.
    for (const int architecture : {75, 80, 90, 120}) {
        for (const int64_t tokens : {0, 1, 5, 9, 19, 60, 110}) {
            Case c = {Path::decode, {architecture, 5, architecture == 90}, 416, 96, {48, 96}, tokens, 2, 1};
            c.choice = tokens % 2 == 0 ? Choice::any : Choice::some_of_none;
            c.chosen = true;
            run(suite, c, random);
        }
    }
    // More slots than the warps of the ordering block have lanes, whole stretches and a rest.
    run(suite, {Path::tile64, {90, 4, false}, 32, 16, {16, 0, 16, 0, 16}, 1100, 1, 1}, random);
    run(suite, {Path::tile16, {80, 4, false}, 32, 16, {16, 0, 16}, 355, 3, 1, Choice::twice}, random);
    // As many experts as are allowed, which one warp has to order.
    run(suite, {Path::decode, {80, 4, false}, 32, 16, std::vector<int64_t>(MIXLLM_CUDA_MAX_EXPERTS, 16), 9, 8, 8},
        random);
    // As many groups as four and eight warps of the decode kernel share.
    for (const int architecture : {75, 80, 90}) {
        for (const int64_t n_inputs : {1600, 3104}) {
            run(suite,
                {Path::decode, {architecture, 3, false}, n_inputs, 48, {32, 0, 48}, 11, 2, 1, Choice::some_of_none},
                random);
        }
    }
    // Long rows.
    run(suite, {Path::decode, {90, 132, false}, 4096, 32, {16, 32, 0}, 3, 2, 2, Choice::any, Values::limits}, random);
    run(suite, {Path::wgmma, {90, 3, true}, 2048, 48, {16, 32, 0}, 30, 2, 1, Choice::any, Values::limits}, random);

    const auto refuses = [&](const std::string& what, const auto& change) {
        suite.run("refuses " + what, [&]() -> std::string {
            const mixllm_cuda_device device = {80, 1, false};
            mixllm_cuda_experts experts = {};
            experts.n_inputs = 128, experts.n_outputs = 16, experts.n_experts = 2;
            mixllm_cuda_choice choice = {2, 1, 1, nullptr, 1, 1};
            change(experts, choice);
            return mixllm_cuda_mul_mat_experts(&device, &experts, &choice, nullptr, nullptr, nullptr, 16, nullptr) ==
                           cudaErrorInvalidValue
                       ? ""
                       : "accepted it";
        });
    };
    refuses("24 channels of experts", [](auto& experts, auto&) { experts.n_outputs = 24; });
    refuses("more experts than it can order",
            [](auto& experts, auto& choice) { experts.n_experts = choice.n_experts = MIXLLM_CUDA_MAX_EXPERTS + 1; });
    refuses("a choice among other experts", [](auto&, auto& choice) { choice.n_experts = 3; });
    refuses("more slots than offsets reach",
            [](auto&, auto& choice) { choice.tokens = (1 << 24) / 2, choice.slots = 3; });
    suite.run("refuses x of 2 rows for 3 slots", [&]() -> std::string {
        const mixllm_cuda_device device = {80, 1, false};
        const mixllm_cuda_choice choice = {2, 1, 3, nullptr, 3, 1};
        const mixllm_cuda_input input = {nullptr, {2, 1, 1}, {128, 256, 0}};
        return mixllm_cuda_quantize_routed(&device, &choice, nullptr, &input, 128, nullptr, nullptr) ==
                       cudaErrorInvalidValue
                   ? ""
                   : "accepted it";
    });
}
