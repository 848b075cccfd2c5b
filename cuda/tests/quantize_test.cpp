#include "layout/activations.cuh"
#include "layout/wgmma_activations.cuh"
#include "layout/wgmma_record_offset.cuh"
#include "tests/float_bits.h"
#include "tests/make_input.h"
#include "tests/reference.h"
#include "tests/suite.h"

#include <cstdio>
#include <limits>

// Reads what mixllm_cuda_quantize left on the device, and compares.
static std::string compare(const std::vector<uint8_t>& bytes, const QuantizedInput& expected, int64_t n_inputs,
                           int64_t tokens) {
    const Activations a = activations_at(const_cast<uint8_t*>(bytes.data()), n_inputs, tokens);
    for (int64_t t = 0; t < tokens; t++) {
        for (int64_t g = 0; g < a.groups; g++) {
            int sum = 0;
            for (int64_t k = g * 128; k < g * 128 + 128; k++) {
                const int want = k < n_inputs ? expected.q[t * n_inputs + k] : 0;
                const int got = a.q[t * a.groups * 128 + k];
                sum += want;
                if (got != want) {
                    return "token " + std::to_string(t) + " input " + std::to_string(k) + ": q is " +
                           std::to_string(got) + ", not " + std::to_string(want);
                }
            }
            const float scale = a.scale[g * a.token_stride + t];
            if (!same_float(scale, expected.scale[t * a.groups + g])) {
                return "token " + std::to_string(t) + " group " + std::to_string(g) + ": wrong scale " +
                       std::to_string(scale);
            }
            if (a.sum[g * a.token_stride + t] != sum) {
                return "token " + std::to_string(t) + " group " + std::to_string(g) + ": wrong sum";
            }
        }
    }
    return "";
}

// What lies between the arrays is never written, so the buffer is filled first.
static std::vector<uint8_t> quantize(const mixllm_cuda_device& device, const mixllm_cuda_input& input, int64_t n_inputs,
                                     int64_t tokens) {
    const DeviceArray<uint8_t> activations(
        std::vector<uint8_t>(mixllm_cuda_activation_bytes(&device, n_inputs, tokens), uint8_t(0x5A)));
    require_success(mixllm_cuda_quantize(&device, &input, n_inputs, activations.get(), nullptr),
                    "mixllm_cuda_quantize");
    require_success(cudaDeviceSynchronize(), "quantize_kernel");
    require_success(cudaGetLastError(), "quantize_kernel");
    return activations.values();
}

// The same for the records of the wgmma kernel.
static std::string compare_records(const std::vector<uint8_t>& bytes, const QuantizedInput& expected, int64_t n_inputs,
                                   int64_t tokens) {
    const int groups = group_count(n_inputs);
    for (int64_t t = 0; t < round_up(tokens, 128); t++) {
        for (int g = 0; g < groups; g++) {
            const uint8_t* record = &bytes[(t / 128 * groups + g) * WGMMA_RECORD_BYTES];
            for (int i = 0; i < 128; i++) {
                const int64_t k = g * 128 + i;
                const int want = t < tokens && k < n_inputs ? expected.q[t * n_inputs + k] : 0;
                const int got = (int8_t)record[wgmma_record_offset((int)(t % 128), i / 4) + i % 4];
                if (got != want) {
                    return "token " + std::to_string(t) + " input " + std::to_string(k) + ": q is " +
                           std::to_string(got) + ", not " + std::to_string(want);
                }
            }
            float pair[4];
            std::memcpy(pair, record + WGMMA_SCALES + t % 128 / 2 * 16, sizeof pair);
            const float scale = t < tokens ? expected.scale[t * groups + g] : 0.0f;
            if (!same_float(pair[t % 2], scale) || !same_float(pair[2 + t % 2], -12582912.0f * scale)) {
                return "token " + std::to_string(t) + " group " + std::to_string(g) + ": wrong scale";
            }
        }
    }
    return "";
}

void test_quantize(Suite& suite) {
    const mixllm_cuda_device device = {80, 1, false}; // of which only the layout depends
    std::mt19937 random(2);
    for (const int64_t n_inputs : {32, 96, 128, 160, 512, 1056, 2048}) {
        for (const int64_t tokens : {1, 2, 5, 16}) {
            for (const int64_t pad : {0, 1, 4}) {
                const Values values = (Values)((n_inputs / 32 + tokens + pad) % 3);
                suite.run("quantize K=" + std::to_string(n_inputs) + " tokens=" + std::to_string(tokens) +
                              " pad=" + std::to_string(pad),
                          [&] {
                              const int64_t stride = n_inputs + pad;
                              const std::vector<float> x = make_input(n_inputs, stride, tokens, values, random);
                              const DeviceArray<float> device_x(x);
                              const std::vector<uint8_t> got =
                                  quantize(device, {device_x.get(), {tokens, 1, 1}, {stride, 0, 0}}, n_inputs, tokens);
                              return compare(got, quantize_reference(x, stride, n_inputs, tokens), n_inputs, tokens);
                          });
            }
        }
    }
    suite.run("quantize three dimensions", [&] {
        // Memory order [1][2][0], each row padded: token (i, j, k) is at row (j * 3 + k) * 4 + i.
        const int64_t n_inputs = 160, stride = 164, size[3] = {4, 2, 3};
        const std::vector<float> x = make_input(n_inputs, stride, 24, Values::ordinary, random);
        std::vector<float> in_order;
        for (int64_t k = 0; k < 3; k++) {
            for (int64_t j = 0; j < 2; j++) {
                for (int64_t i = 0; i < 4; i++) {
                    const float* row = &x[((j * 3 + k) * 4 + i) * stride];
                    in_order.insert(in_order.end(), row, row + n_inputs);
                }
            }
        }
        const DeviceArray<float> device_x(x);
        const mixllm_cuda_input input = {
            device_x.get(), {size[0], size[1], size[2]}, {stride, 12 * stride, 4 * stride}};
        return compare(quantize(device, input, n_inputs, 24), quantize_reference(in_order, n_inputs, n_inputs, 24),
                       n_inputs, 24);
    });
    for (const float bad : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN()}) {
        for (const int64_t at : {0, 200, 543}) {
            suite.run("quantize not finite", [&] {
                std::vector<float> x(3 * 544, 0.5f);
                x[544 + at] = bad;
                const DeviceArray<float> device_x(x);
                return compare(quantize(device, {device_x.get(), {3, 1, 1}, {544, 0, 0}}, 544, 3),
                               quantize_reference(x, 544, 544, 3), 544, 3);
            });
        }
    }
    const mixllm_cuda_device records = {80, 1, true}; // any GPU writes them; only sm_90 and later know early launches
    for (const int64_t tokens : {65, 128, 130}) {
        suite.run("quantize to records, tokens=" + std::to_string(tokens), [&] {
            const std::vector<float> x = make_input(416, 416, tokens, Values::ordinary, random);
            const DeviceArray<float> device_x(x);
            const std::vector<uint8_t> got =
                quantize(records, {device_x.get(), {tokens, 1, 1}, {416, 0, 0}}, 416, tokens);
            return compare_records(got, quantize_reference(x, 416, 416, tokens), 416, tokens);
        });
    }
    suite.run("quantize nothing", [&]() -> std::string {
        const mixllm_cuda_input none = {nullptr, {0, 1, 1}, {128, 0, 0}};
        require_success(mixllm_cuda_quantize(&device, &none, 128, nullptr, nullptr), "mixllm_cuda_quantize");
        return "";
    });
    suite.run("quantize refuses K = 48", [&]() -> std::string {
        const mixllm_cuda_input input = {nullptr, {1, 1, 1}, {48, 0, 0}};
        return mixllm_cuda_quantize(&device, &input, 48, nullptr, nullptr) == cudaErrorInvalidValue ? ""
                                                                                                    : "accepted it";
    });
}
