#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string>

// The shape of a linear: N output channels, K inputs; or of a stack of experts, of which each token has `slots`.
struct Shape {
    int64_t n, k;
    int64_t experts = 1, slots = 1;
};

// One way to multiply by a weight of one shape. It keeps several copies of the weight, together some times as large as
// L2, and takes them in turn: in a model, too, weights come from memory.
class Contender {
public:
    virtual ~Contender() = default;

    virtual std::string name() const = 0;

    // Of one copy of the weight.
    virtual double weight_bytes() const = 0;

    // How fast the tensor cores multiply in its type, against int8.
    virtual double rate_against_int8() const { return 1; }

    // Readies a series of products of that many tokens, each by another copy.
    virtual void prepare(int64_t tokens) = 0;

    // Products in a series.
    virtual int series() const = 0;

    // Puts a series on the GPU, without waiting for it.
    virtual void launch() = 0;
};

// How many copies of a weight of `bytes` a contender keeps.
inline int weight_copies(double bytes, size_t l2_bytes) {
    return 2 + (int)(3.0 * (double)l2_bytes / bytes);
}

// How many products a series has: each copy equally often, and enough that launching a series takes no time beside it.
inline int series_of(int copies) {
    return (15 + copies) / copies * copies;
}
