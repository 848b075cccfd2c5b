#include "dispatch/choose_path.h"
#include "dispatch/decode.cuh"
#include "dispatch/plan_tiles.h"
#include "dispatch/portable.cuh"
#include "dispatch/tile.cuh"
#include "layout/activations.cuh"
#include "tests/float_bits.h"
#include "tests/make_input.h"
#include "tests/reference.h"
#include "tests/suite.h"
#include "tests/sum_orders.h"
#include "tests/test_device.h"
#include "tile/tile_shape.cuh"
#include "wgmma/wgmma_shape.cuh"

#include <algorithm>
#include <cstdio>
#include <limits>

namespace {

enum class Kernel { chosen, portable, decode, tile16, tile32, tile64, tile128, wgmma };

struct Case {
    Kernel kernel;
    mixllm_cuda_device device;
    int64_t n_inputs, n4, n8, tokens;
    Values values = Values::ordinary;
    RowOrder order = RowOrder::ascending;
    int64_t y_pad = 0;
};

std::string name_of(const Case& c) {
    static const char* const kernels[] = {"chosen", "portable", "decode",  "tile16",
                                          "tile32", "tile64",   "tile128", "wgmma"};
    char text[200];
    std::snprintf(text, sizeof text, "%s architecture=%d multiprocessors=%d K=%d n4=%d n8=%d tokens=%d values=%d",
                  kernels[(int)c.kernel], c.device.architecture, c.device.multiprocessors, (int)c.n_inputs, (int)c.n4,
                  (int)c.n8, (int)c.tokens, (int)c.values);
    return text;
}

template <class Shape>
SumOrder tile_order(const Case& c, const mixllm_cuda_weight& weight) {
    const TilePlan plan =
        plan_tiles({Shape::ROWS, Shape::TOKENS, Shape::BLOCKS_PER_MULTIPROCESSOR}, c.device, weight, c.tokens);
    return [=](int64_t row, int64_t token) {
        const int row_tile = (int)(row < c.n4 ? plan.row_tiles8 + row / Shape::ROWS : (row - c.n4) / Shape::ROWS);
        int tile = 0;
        while (tile_position(plan, tile).row_tile != row_tile ||
               tile_position(plan, tile).token_tile != token / Shape::TOKENS) {
            tile++;
        }
        std::vector<std::vector<int>> parts;
        int first = 0;
        const int begin = (tile - plan.whole_tiles) * plan.groups;
        for (int i = 0; i < plan.sharers && tile >= plan.whole_tiles; i++) {
            const int cut = plan.first_step(i) - begin;
            if (cut > first && cut < plan.groups) {
                parts.push_back(range(first, cut));
                first = cut;
            }
        }
        parts.push_back(range(first, plan.groups));
        return parts;
    };
}

SumOrder order_of(const Case& c, const mixllm_cuda_weight& weight) {
    const int groups = group_count(c.n_inputs);
    switch (c.kernel) {
    case Kernel::tile16:
        return tile_order<TileShape<16>>(c, weight);
    case Kernel::tile32:
        return tile_order<TileShape<32>>(c, weight);
    case Kernel::tile64:
        return tile_order<TileShape<64>>(c, weight);
    case Kernel::tile128:
        return tile_order<TileShape<128>>(c, weight);
    case Kernel::wgmma:
        return tile_order<WgmmaShape>(c, weight);
    case Kernel::decode:
        return [=](int64_t, int64_t) { return decode_order(groups, 8); };
    default:
        return [=](int64_t, int64_t) { return std::vector<std::vector<int>>{range(0, groups)}; };
    }
}

template <int TOKENS>
cudaError_t run_tile(const Case& c, const mixllm_cuda_weight& weight, const Activations& a, float* y,
                     int64_t y_stride) {
    const DeviceArray<uint8_t> workspace(tile_workspace_bytes<TOKENS>(c.device, weight, c.tokens));
    const cudaError_t error = mul_mat_tile<TOKENS>(c.device, weight, a, y, y_stride, workspace.get(), nullptr);
    return error == cudaSuccess ? cudaDeviceSynchronize() : error;
}

cudaError_t run_kernel(const Case& c, const mixllm_cuda_weight& weight, void* activations, float* y, int64_t y_stride) {
    const Activations a = activations_at(activations, c.n_inputs, c.tokens);
    switch (c.kernel) {
    case Kernel::portable:
        return mul_mat_portable(c.device, weight, a, y, y_stride, nullptr);
    case Kernel::decode:
        return mul_mat_decode(c.device, weight, a, y, y_stride, nullptr);
    case Kernel::tile16:
        return run_tile<16>(c, weight, a, y, y_stride);
    case Kernel::tile32:
        return run_tile<32>(c, weight, a, y, y_stride);
    case Kernel::tile64:
        return run_tile<64>(c, weight, a, y, y_stride);
    case Kernel::tile128:
        return run_tile<128>(c, weight, a, y, y_stride);
    case Kernel::wgmma: // takes activations in a layout of its own, so that the choice must lead here
        if (choose_path(c.device, c.tokens) != Path::wgmma) {
            return cudaErrorInvalidValue;
        }
        break;
    case Kernel::chosen:
        break;
    }
    const DeviceArray<uint8_t> workspace(mixllm_cuda_workspace_bytes(&c.device, &weight, c.tokens));
    const cudaError_t error =
        mixllm_cuda_mul_mat(&c.device, &weight, activations, c.tokens, y, y_stride, workspace.get(), nullptr);
    return error == cudaSuccess ? cudaDeviceSynchronize() : error;
}

constexpr float untouched = -12345.5f;

std::string check(const Case& c, Weight& w, const std::vector<float>& x) {
    const int64_t n = c.n4 + c.n8, y_stride = n + c.y_pad;
    const mixllm_cuda_weight weight = w.on_device();
    const DeviceArray<float> device_x(x);
    const DeviceArray<uint8_t> activations(mixllm_cuda_activation_bytes(&c.device, c.n_inputs, c.tokens));
    const DeviceArray<float> device_y(std::vector<float>(c.tokens * y_stride, untouched));
    const mixllm_cuda_input input = {device_x.get(), {c.tokens, 1, 1}, {c.n_inputs, 0, 0}};
    require_success(mixllm_cuda_quantize(&c.device, &input, c.n_inputs, activations.get(), nullptr), "quantize");
    require_success(run_kernel(c, weight, activations.get(), device_y.get(), y_stride), "launch");
    require_success(cudaDeviceSynchronize(), "kernel");
    require_success(cudaGetLastError(), "kernel");
    const std::vector<float> y = device_y.values();

    const bool exact = c.kernel != Kernel::chosen;
    const Reference expected =
        multiply_reference(w, quantize_reference(x, c.n_inputs, c.n_inputs, c.tokens), c.tokens, order_of(c, weight));
    for (int64_t i = 0; i < (int64_t)y.size(); i++) {
        const int64_t t = i / y_stride, channel = i % y_stride;
        char text[200] = "";
        if (channel >= n) {
            if (!same_float(y[i], untouched)) {
                std::snprintf(text, sizeof text, "wrote between the rows of y at float %lld", (long long)i);
                return text;
            }
            continue;
        }
        const float want = expected.y[t * n + channel];
        const double want64 = expected.y64[t * n + channel];
        // Two roundings a group, each at most 2^-24 of a partial sum, and one for each partial sum.
        const double bound = expected.magnitude[t * n + channel] * (double)(2 * w.groups + 8) * 0x1p-24 + 1e-37;
        if (exact && !same_float(y[i], want)) {
            std::snprintf(text, sizeof text, "token %lld channel %lld: got %.9g, the definition gives %.9g",
                          (long long)t, (long long)channel, (double)y[i], (double)want);
        } else if (std::isfinite(want) ? !(std::fabs(y[i] - want64) <= bound) : std::isfinite(y[i])) {
            std::snprintf(text, sizeof text, "token %lld channel %lld: got %.9g, float64 gives %.17g", (long long)t,
                          (long long)channel, (double)y[i], want64);
        } else if (c.values == Values::unit && (double)y[i] != want64) {
            std::snprintf(text, sizeof text, "token %lld channel %lld: integer %.9g should be %.17g", (long long)t,
                          (long long)channel, (double)y[i], want64);
        }
        if (text[0] != 0) {
            return text;
        }
    }
    return "";
}

void run(Suite& suite, const Case& c, std::mt19937& random) {
    if (!runs_here(c.device)) {
        suite.skip();
        return;
    }
    suite.run(name_of(c), [&] {
        Weight w(c.n_inputs, c.n4, c.n8, c.order, c.values, random);
        return check(c, w, make_input(c.n_inputs, c.n_inputs, c.tokens, c.values, random));
    });
}

} // namespace

void test_mul_mat(Suite& suite) {
    std::mt19937 random(3);
    const struct {
        Kernel kernel;
        int architecture;
        std::vector<int64_t> tokens;
    } kernels[] = {
        // From 90 on, kernels start early.
        {Kernel::portable, 75, {1, 7, 8, 9, 64, 70}}, {Kernel::decode, 75, {1, 2, 3, 7, 8}},
        {Kernel::decode, 80, {1, 2, 3, 7, 8}},        {Kernel::tile16, 80, {1, 9, 16, 17}},
        {Kernel::tile32, 80, {3, 31, 32, 33}},        {Kernel::tile64, 80, {5, 63, 64, 65}},
        {Kernel::tile128, 80, {2, 127, 128, 130}},    {Kernel::wgmma, 90, {65, 127, 128, 130}},
        {Kernel::decode, 90, {1, 2, 3, 7, 8}},        {Kernel::tile16, 90, {1, 9, 16, 17}},
        {Kernel::tile32, 90, {3, 31, 32, 33}},        {Kernel::tile64, 90, {5, 63, 64, 65}},
        {Kernel::tile128, 90, {2, 127, 128, 130}},
    };
    // Short last groups of every length, and more groups than a pipeline has stages.
    const int64_t inputs[] = {32, 64, 96, 128, 160, 224, 256, 384, 640, 1056};
    // An empty part; a part of one MMA tile; tiles filled in part, whole and one row-step more.
    const int64_t parts[][2] = {{16, 0}, {0, 16}, {48, 16}, {128, 32}, {144, 128}, {32, 144}};
    int turn = 0;
    for (const auto& k : kernels) {
        for (const int64_t n_inputs : inputs) {
            for (const auto& part : parts) {
                // Each kernel meets every pair of inputs and parts, with tokens, values and devices in turn.
                const int64_t tokens = k.tokens[turn % k.tokens.size()];
                const int multiprocessors[] = {1, 3, 132};
                const mixllm_cuda_device device = {k.architecture, multiprocessors[turn % 3],
                                                   k.kernel == Kernel::wgmma};
                Case c = {k.kernel, device, n_inputs, part[0], part[1], tokens};
                c.values = turn % 5 == 3 ? Values::limits : turn % 5 == 4 ? Values::unit : Values::ordinary;
                c.order = turn % 6 == 0 ? RowOrder::shuffled : RowOrder::ascending;
                c.y_pad = turn % 4 == 0 ? 0 : turn % 11;
                run(suite, c, random);
                turn++;
            }
        }
    }
    // Through the public entry, which chooses the kernel.
    for (const int architecture : {75, 80, 90, 120}) {
        for (const int64_t tokens : {0, 1, 8, 9, 16, 17, 33, 65, 129, 200}) {
            Case c = {Kernel::chosen, {architecture, 5, architecture == 90}, 416, 96, 48, tokens};
            c.values = tokens % 2 == 0 ? Values::ordinary : Values::unit;
            run(suite, c, random);
        }
    }
    // Whole tiles in several waves and a rest that is shared; long sums at the limits of the range.
    run(suite, {Kernel::tile16, {80, 2, false}, 512, 1200, 208, 40}, random);
    run(suite, {Kernel::tile64, {80, 3, false}, 1024, 400, 48, 100, Values::limits}, random);
    run(suite, {Kernel::tile128, {80, 2, false}, 384, 272, 128, 300}, random);
    run(suite, {Kernel::tile32, {80, 132, false}, 4096, 16, 16, 20, Values::limits}, random);
    run(suite, {Kernel::decode, {80, 132, false}, 4096, 32, 16, 8, Values::limits}, random);
    run(suite, {Kernel::decode, {80, 132, false}, 4096 + 96, 16, 32, 4, Values::unit}, random);
    run(suite, {Kernel::wgmma, {90, 2, true}, 640, 400, 160, 270}, random);
    run(suite, {Kernel::wgmma, {90, 3, true}, 2048, 48, 16, 100, Values::limits}, random);
    // More token tiles than a band.
    run(suite, {Kernel::tile16, {80, 7, false}, 256, 144, 16, 170}, random);

    for (const Kernel kernel : {Kernel::portable, Kernel::decode, Kernel::tile16, Kernel::tile64, Kernel::wgmma}) {
        for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
            const bool wgmma = kernel == Kernel::wgmma;
            const Case c = {kernel, {wgmma ? 90 : 80, 3, wgmma}, 544, 32, 16, wgmma ? 70 : 3};
            if (!runs_here(c.device)) {
                suite.skip();
                continue;
            }
            suite.run(name_of(c) + " not finite", [&] {
                Weight w(c.n_inputs, c.n4, c.n8, c.order, c.values, random);
                std::vector<float> x(c.tokens * c.n_inputs, 0.5f);
                x[c.n_inputs + 200] = bad;
                return check(c, w, x);
            });
        }
    }
    suite.run("refuses more tokens than offsets reach", [&]() -> std::string {
        const mixllm_cuda_device device = {80, 1, false};
        Weight w(128, 16, 0, RowOrder::ascending, Values::ordinary, random);
        const mixllm_cuda_weight weight = w.on_device();
        return mixllm_cuda_mul_mat(&device, &weight, nullptr, (1 << 24) + 1, nullptr, 16, nullptr, nullptr) ==
                       cudaErrorInvalidValue
                   ? ""
                   : "accepted them";
    });
    suite.run("refuses 24 channels", [&]() -> std::string {
        const mixllm_cuda_device device = {80, 1, false};
        mixllm_cuda_weight weight = {};
        weight.n_inputs = 128;
        weight.n4 = 24;
        return mixllm_cuda_mul_mat(&device, &weight, nullptr, 1, nullptr, 24, nullptr, nullptr) == cudaErrorInvalidValue
                   ? ""
                   : "accepted them";
    });
}
