#include "tests/make_input.h"

#include <algorithm>
#include <limits>

static void fill_group(float* x, int64_t n, Values values, std::mt19937& random) {
    if (values == Values::unit) {
        for (int64_t i = 0; i < n; i++) {
            x[i] = (float)((int)(random() % 255) - 127);
        }
        x[random() % n] = random() % 2 != 0 ? 127.0f : -127.0f; // s_x = 1
        return;
    }
    if (values == Values::ordinary) {
        std::normal_distribution<float> normal(0, 1);
        for (int64_t i = 0; i < n; i++) {
            x[i] = normal(random);
        }
        return;
    }
    static const float sizes[] = {0.0f, 1e-45f, 1e-39f, 1.4e-36f, 1.6e-36f, 1e-30f, 1.0f, 1e25f, 1e30f};
    const float size = sizes[random() % 9];
    const uint32_t shape = random() % 3;
    for (int64_t i = 0; i < n; i++) {
        // All at the limit with one sign, both signs, or ties halfway between two integers.
        const float tie = ((float)(int)(random() % 253) - 126.5f) / 127;
        x[i] = size * (shape == 0 ? 1.0f : shape == 1 ? (random() % 2 != 0 ? 1.0f : -1.0f) : i == 0 ? 1.0f : tie);
    }
}

std::vector<float> make_input(int64_t n_inputs, int64_t x_stride, int64_t tokens, Values values, std::mt19937& random) {
    std::vector<float> x(tokens * x_stride, std::numeric_limits<float>::quiet_NaN());
    for (int64_t t = 0; t < tokens; t++) {
        for (int64_t first = 0; first < n_inputs; first += 128) {
            fill_group(&x[t * x_stride + first], std::min<int64_t>(128, n_inputs - first), values, random);
        }
    }
    return x;
}
