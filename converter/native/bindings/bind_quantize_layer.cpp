#include "bind_quantize_layer.h"

#include <array>
#include <memory>
#include <optional>

#include "../method/standard_quantization.h"
#include "../pack/pack_rows.h"
#include "arguments.h"
#include "async_task.h"
#include "read_layer.h"

namespace mixllm {

namespace {

struct Destination {
    Packed4 packed4;
    Packed8 packed8;
};

/// Checks one linear's output buffers and fills its row order.
Destination read_destination(const Napi::Object& out, const std::vector<uint8_t>& is_8bit, size_t inputs) {
    int32_t* rows = reinterpret_cast<int32_t*>(read_buffer(out.Get("rows"), is_8bit.size() * sizeof(int32_t), "rows"));
    const size_t rows4 = order_rows(is_8bit.data(), is_8bit.size(), rows);
    const size_t rows8 = is_8bit.size() - rows4;
    if (is_8bit.size() % 16 != 0 || rows8 % 16 != 0 || inputs % 32 != 0) {
        throw Napi::TypeError::New(out.Env(),
                                   "a MixLLM weight has multiples of 16 rows of each width and of 32 columns");
    }
    const size_t groups = group_count(inputs);
    return {{read_buffer(out.Get("w4"), rows4 * inputs / 2, "w4"),
             reinterpret_cast<uint16_t*>(read_buffer(out.Get("w4_scale"), rows4 * groups * 2, "w4_scale")),
             read_buffer(out.Get("w4_zero"), rows4 / 2 * groups, "w4_zero")},
            {reinterpret_cast<int8_t*>(read_buffer(out.Get("w8"), rows8 * inputs, "w8")),
             reinterpret_cast<uint16_t*>(read_buffer(out.Get("w8_scale"), rows8 * groups * 2, "w8_scale"))}};
}

} // namespace

Napi::Value bind_quantize_layer(const Napi::CallbackInfo& info) {
    LayerCall call = read_layer_call(info[0].As<Napi::Object>());
    const Napi::Object linears = info[1].As<Napi::Object>();
    LayerRows rows;
    std::array<std::optional<Destination>, linear_count> destinations;
    for (size_t i = 0; i < linear_count; i++) {
        const Napi::Value value = linears.Get(std::string(linear_tensor_names[i]) + ".weight");
        if (!value.IsObject()) {
            continue;
        }
        const Napi::Object linear = value.As<Napi::Object>();
        const auto outputs = static_cast<size_t>(call.shape.outputs(all_linears[i]));
        const unsigned char* mask = read_buffer(linear.Get("is8bit"), outputs, "the 8-bit mask");
        rows[i].assign(mask, mask + outputs);
        const Napi::Object components = linear.Get("components").As<Napi::Object>();
        destinations[i] = read_destination(components, rows[i], static_cast<size_t>(call.shape.inputs(all_linears[i])));
        call.buffers.push_back(components);
    }
    const Napi::Object files = info[2].As<Napi::Object>();
    const QuantizeLayerFiles paths{files.Get("input").As<Napi::String>(), files.Get("output").As<Napi::String>(),
                                   files.Get("floatInput").As<Napi::String>(),
                                   files.Get("floatOutput").As<Napi::String>(),
                                   files.Get("scratch").As<Napi::String>()};
    const auto outcomes = std::make_shared<QuantizedLayer>();
    return AsyncTask::run(
        info.Env(), call.buffers,
        [=, shape = call.shape, sources = call.sources, calibration = call.calibration, threads = call.threads] {
            Engine engine(threads);
            *outcomes = quantize_layer(engine, shape, sources, calibration, rows, standard_quantization(), paths);
            for (size_t i = 0; i < linear_count; i++) {
                if ((*outcomes)[i]) {
                    pack_rows((*outcomes)[i]->linear.rows4, destinations[i]->packed4);
                    pack_rows((*outcomes)[i]->linear.rows8, destinations[i]->packed8);
                }
            }
        },
        [=](Napi::Env env) {
            const Napi::Object damping = Napi::Object::New(env);
            for (size_t i = 0; i < linear_count; i++) {
                if ((*outcomes)[i]) {
                    damping.Set(std::string(linear_tensor_names[i]) + ".weight", (*outcomes)[i]->damping);
                }
            }
            return damping;
        });
}

} // namespace mixllm
