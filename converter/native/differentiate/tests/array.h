#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace mixllm {

using Shape = std::array<int64_t, 4>;

/// A contiguous array of float64 with ggml's order of dimensions, the first one varying fastest.
class Array {
public:
    explicit Array(const Shape& shape)
        : ne(shape), values(static_cast<size_t>(shape[0] * shape[1] * shape[2] * shape[3])) {}

    double& at(int64_t i0, int64_t i1 = 0, int64_t i2 = 0, int64_t i3 = 0) {
        return values[static_cast<size_t>(((i3 * ne[2] + i2) * ne[1] + i1) * ne[0] + i0)];
    }
    double at(int64_t i0, int64_t i1 = 0, int64_t i2 = 0, int64_t i3 = 0) const {
        return const_cast<Array*>(this)->at(i0, i1, i2, i3);
    }

    /// The element at an index that wraps around in every dimension, as ggml broadcasts.
    double repeated(int64_t i0, int64_t i1, int64_t i2, int64_t i3) const {
        return at(i0 % ne[0], i1 % ne[1], i2 % ne[2], i3 % ne[3]);
    }

    Shape ne;
    std::vector<double> values;
};

/// An array of `shape` whose element at each index is `element(i0, i1, i2, i3)`.
template <typename Element>
Array fill(const Shape& shape, const Element& element) {
    Array out(shape);
    size_t next = 0;
    for (int64_t i3 = 0; i3 < shape[3]; i3++) {
        for (int64_t i2 = 0; i2 < shape[2]; i2++) {
            for (int64_t i1 = 0; i1 < shape[1]; i1++) {
                for (int64_t i0 = 0; i0 < shape[0]; i0++) {
                    out.values[next++] = element(i0, i1, i2, i3);
                }
            }
        }
    }
    return out;
}

template <typename Function>
Array map(Array x, const Function& function) {
    for (double& value : x.values) {
        value = function(value);
    }
    return x;
}

/// The second array repeated to the shape of the first.
template <typename Function>
Array map(const Array& x, const Array& y, const Function& function) {
    return fill(x.ne, [&](int64_t i0, int64_t i1, int64_t i2, int64_t i3) {
        return function(x.at(i0, i1, i2, i3), y.repeated(i0, i1, i2, i3));
    });
}

inline Array reshape(Array x, const Shape& shape) {
    x.ne = shape;
    return x;
}

/// As `ggml_permute`: dimension i of x becomes dimension `axes[i]`.
inline Array permute(const Array& x, const std::array<int, 4>& axes) {
    Shape shape;
    for (int i = 0; i < 4; i++) {
        shape[axes[i]] = x.ne[i];
    }
    return fill(shape, [&](int64_t i0, int64_t i1, int64_t i2, int64_t i3) {
        const Shape index{i0, i1, i2, i3};
        return x.at(index[axes[0]], index[axes[1]], index[axes[2]], index[axes[3]]);
    });
}

inline Array transpose(const Array& x) {
    return permute(x, {1, 0, 2, 3});
}

/// The block of `shape` whose first element is at `from`.
inline Array block(const Array& x, const Shape& shape, const Shape& from) {
    return fill(shape, [&](int64_t i0, int64_t i1, int64_t i2, int64_t i3) {
        return x.at(from[0] + i0, from[1] + i1, from[2] + i2, from[3] + i3);
    });
}

} // namespace mixllm
