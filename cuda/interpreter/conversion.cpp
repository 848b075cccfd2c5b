// PTX ISA, "mov", "cvt", "cvta", "createpolicy".

#include "interpreter/elementwise.h"

#include <cmath>

namespace interpreter {

namespace {

template <class To, class From>
To convert(From a) {
    return (To)a;
}

float half_to_float(uint16_t half) {
    const int exponent = half >> 10 & 31, fraction = half & 0x3FF;
    float magnitude;
    if (exponent == 31) {
        const uint32_t bits = 0x7F800000u | (uint32_t)fraction << 13 | (fraction != 0 ? 0x00400000u : 0u);
        std::memcpy(&magnitude, &bits, sizeof magnitude);
    } else {
        magnitude =
            exponent == 0 ? std::ldexp((float)fraction, -24) : std::ldexp((float)(1024 + fraction), exponent - 25);
    }
    return half >> 15 != 0 ? -magnitude : magnitude;
}

// How soon a line leaves the cache changes no result.
Step create_policy(Warp& warp, const Instruction& instruction, Lanes lanes) {
    for_each(lanes, [&](unsigned lane) { set<uint64_t>(warp, instruction.operands[0], lane, 0x14F0000000000000); });
    return Step::next;
}

} // namespace

std::vector<Opcode> conversion_opcodes() {
    return {
        elementwise<convert<bool, bool>>("mov.pred"),
        elementwise<convert<bool, uint32_t>>("mov.pred"),
        elementwise<convert<uint32_t, uint32_t>>("mov.u32"),
        elementwise<convert<uint32_t, uint32_t>>("mov.b32"),
        elementwise<convert<uint32_t, uint32_t>>("mov.f32"),
        elementwise<convert<uint16_t, uint16_t>>("mov.u16"),
        elementwise<convert<uint64_t, uint64_t>>("mov.u64"),
        elementwise<convert<uint64_t, uint64_t>>("mov.b64"),
        // Generic addresses of global memory are those of its own space.
        elementwise<convert<uint64_t, uint64_t>>("cvta.to.global.u64"),
        elementwise<convert<int64_t, int32_t>>("cvt.s64.s32"),
        elementwise<convert<uint64_t, uint32_t>>("cvt.u64.u32"),
        elementwise<convert<uint32_t, uint64_t>>("cvt.u32.u64"),
        elementwise<convert<uint32_t, uint16_t>>("cvt.u32.u16"),
        elementwise<convert<uint16_t, uint32_t>>("cvt.u16.u32"),
        elementwise<convert<float, int32_t>>("cvt.rn.f32.s32"),
        elementwise<half_to_float>("cvt.f32.f16"),
        {"createpolicy.fractional.L2::evict_first.b64", "D", create_policy},
        {"createpolicy.fractional.L2::evict_normal.b64", "D", create_policy},
    };
}

} // namespace interpreter
