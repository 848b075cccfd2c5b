// PTX ISA, "Integer Arithmetic", "Floating Point", "Comparison and Selection", "Logic and Shift" instructions.

#include "interpreter/elementwise.h"

#include <cmath>

namespace interpreter {

namespace {

// Integers wrap around.
template <class T>
T add(T a, T b) {
    return (T)((uint64_t)a + (uint64_t)b);
}
template <class T>
T sub(T a, T b) {
    return (T)((uint64_t)a - (uint64_t)b);
}
template <class T>
T neg(T a) {
    return (T)(0 - (uint64_t)a);
}
template <class T>
T mul_lo(T a, T b) {
    return (T)((uint64_t)a * (uint64_t)b);
}
template <class T>
T mad_lo(T a, T b, T c) {
    return (T)((uint64_t)a * (uint64_t)b + (uint64_t)c);
}
template <class T, class Wide>
T mul_hi(T a, T b) {
    return (T)((Wide)a * (Wide)b >> 8 * sizeof(T));
}
template <class T, class Wide>
Wide mul_wide(T a, T b) {
    return (Wide)a * (Wide)b;
}

// What a division by zero gives is unspecified.
template <class T>
T div(T a, T b) {
    return b == 0 ? (T)0x55555555 : std::is_signed_v<T> && b == (T)-1 ? neg(a) : (T)(a / b);
}
template <class T>
T rem(T a, T b) {
    return b == 0 ? (T)0x55555555 : std::is_signed_v<T> && b == (T)-1 ? (T)0 : (T)(a % b);
}

template <class T>
T smaller(T a, T b) {
    return b < a ? b : a;
}
template <class T>
T larger(T a, T b) {
    return a < b ? b : a;
}

int32_t dp4a_s32_s32(uint32_t a, uint32_t b, int32_t c) {
    int32_t sum = 0;
    for (int i = 0; i < 4; i++) {
        sum += (int8_t)(a >> 8 * i) * (int8_t)(b >> 8 * i);
    }
    return (int32_t)((uint32_t)c + (uint32_t)sum);
}

template <class T>
T bit_and(T a, T b) {
    return a & b;
}
template <class T>
T bit_or(T a, T b) {
    return a | b;
}
template <class T>
T bit_xor(T a, T b) {
    return a ^ b;
}
template <class T>
T bit_not(T a) {
    return ~a;
}
bool not_pred(bool a) {
    return !a;
}

// Shifts by more than all bits shift by all of them.
template <class T>
T shl(T a, uint32_t b) {
    return b >= 8 * sizeof(T) ? 0 : a << b;
}
template <class T>
T shr(T a, uint32_t b) {
    constexpr uint32_t most = 8 * sizeof(T) - 1;
    if constexpr (std::is_signed_v<T>) {
        return a >> (b > most ? most : b);
    } else {
        return b > most ? 0 : a >> b;
    }
}

uint32_t popc(uint32_t a) {
    uint32_t count = 0;
    for (; a != 0; a &= a - 1) {
        count++;
    }
    return count;
}

// By how much a must be shifted for its highest bit to be set; -1 where it has none.
uint32_t bfind_shift(uint32_t a) {
    uint32_t shift = a == 0 ? (uint32_t)-1 : 0;
    for (; a != 0 && a >> 31 == 0; a <<= 1) {
        shift++;
    }
    return shift;
}

// The bits in reverse order.
uint32_t brev(uint32_t a) {
    uint32_t reversed = 0;
    for (int i = 0; i < 32; i++) {
        reversed |= (a >> i & 1) << (31 - i);
    }
    return reversed;
}

// The low `length` bits of a, at bit `at` of b.
uint32_t bfi(uint32_t a, uint32_t b, uint32_t at, uint32_t length) {
    at &= 0xFF;
    length &= 0xFF;
    const uint32_t ones = length >= 32 ? 0xFFFFFFFF : (1u << length) - 1;
    return at >= 32 ? b : (b & ~(ones << at)) | (a & ones) << at;
}

// Each nibble of the selector names one of the 8 bytes of b:a, or with its high bit set that byte's sign.
uint32_t prmt(uint32_t a, uint32_t b, uint32_t selector) {
    const uint64_t bytes = (uint64_t)b << 32 | a;
    uint32_t result = 0;
    for (int i = 0; i < 4; i++) {
        const uint32_t nibble = selector >> 4 * i & 15;
        const uint8_t byte = (uint8_t)(bytes >> 8 * (nibble & 7));
        const uint8_t chosen = nibble < 8 ? byte : byte >= 0x80 ? 0xFF : 0;
        result |= (uint32_t)chosen << 8 * i;
    }
    return result;
}

// A NaN that an operation makes is always the same one.
float canonical(float value) {
    uint32_t bits = 0x7FFFFFFF;
    float nan;
    std::memcpy(&nan, &bits, sizeof nan);
    return std::isnan(value) ? nan : value;
}
float add_f32(float a, float b) {
    return canonical(a + b);
}
float mul_f32(float a, float b) {
    return canonical(a * b);
}
float div_f32(float a, float b) {
    return canonical(a / b);
}
float fma_f32(float a, float b, float c) {
    return canonical(std::fma(a, b, c));
}

template <class T>
bool equal(T a, T b) {
    return a == b;
}
template <class T>
bool unequal(T a, T b) {
    return a != b;
}
template <class T>
bool less(T a, T b) {
    return a < b;
}
template <class T>
bool at_most(T a, T b) {
    return a <= b;
}
template <class T>
bool greater(T a, T b) {
    return a > b;
}
template <class T>
bool at_least(T a, T b) {
    return a >= b;
}
template <class T>
T selp(T a, T b, bool which) {
    return which ? a : b;
}

// type: of signed or unsigned integers, as in the names of the instructions.
template <class T>
void add_integer(std::vector<Opcode>& opcodes, const std::string& type) {
    const std::vector<Opcode> named = {
        elementwise<add<T>>("add."),          elementwise<sub<T>>("sub."),         elementwise<neg<T>>("neg."),
        elementwise<mul_lo<T>>("mul.lo."),    elementwise<mad_lo<T>>("mad.lo."),   elementwise<div<T>>("div."),
        elementwise<rem<T>>("rem."),          elementwise<smaller<T>>("min."),     elementwise<larger<T>>("max."),
        elementwise<shr<T>>("shr."),          elementwise<equal<T>>("setp.eq."),   elementwise<unequal<T>>("setp.ne."),
        elementwise<less<T>>("setp.lt."),     elementwise<at_most<T>>("setp.le."), elementwise<greater<T>>("setp.gt."),
        elementwise<at_least<T>>("setp.ge."), elementwise<selp<T>>("selp."),
    };
    for (const Opcode& opcode : named) {
        opcodes.push_back({opcode.name + type, opcode.signature, opcode.execute});
    }
}

template <class T>
void add_bits(std::vector<Opcode>& opcodes, const std::string& type) {
    const std::vector<Opcode> named = {
        elementwise<bit_and<T>>("and."),   elementwise<bit_or<T>>("or."),       elementwise<bit_xor<T>>("xor."),
        elementwise<bit_not<T>>("not."),   elementwise<shl<T>>("shl."),         elementwise<shr<T>>("shr."),
        elementwise<equal<T>>("setp.eq."), elementwise<unequal<T>>("setp.ne."), elementwise<selp<T>>("selp."),
    };
    for (const Opcode& opcode : named) {
        opcodes.push_back({opcode.name + type, opcode.signature, opcode.execute});
    }
}

} // namespace

std::vector<Opcode> arithmetic_opcodes() {
    std::vector<Opcode> opcodes = {
        elementwise<mul_hi<uint16_t, uint32_t>>("mul.hi.u16"),
        elementwise<mul_hi<int32_t, int64_t>>("mul.hi.s32"),
        elementwise<mul_hi<uint32_t, uint64_t>>("mul.hi.u32"),
        elementwise<mul_wide<int32_t, int64_t>>("mul.wide.s32"),
        elementwise<mul_wide<uint32_t, uint64_t>>("mul.wide.u32"),
        elementwise<dp4a_s32_s32>("dp4a.s32.s32"),
        elementwise<bit_and<bool>>("and.pred"),
        elementwise<bit_or<bool>>("or.pred"),
        elementwise<bit_xor<bool>>("xor.pred"),
        elementwise<not_pred>("not.pred"),
        elementwise<popc>("popc.b32"),
        elementwise<bfind_shift>("bfind.shiftamt.u32"),
        elementwise<brev>("brev.b32"),
        elementwise<bfi>("bfi.b32"),
        elementwise<prmt>("prmt.b32"),
        elementwise<add_f32>("add.rn.f32"),
        elementwise<mul_f32>("mul.rn.f32"),
        elementwise<div_f32>("div.rn.f32"),
        elementwise<fma_f32>("fma.rn.f32"),
        elementwise<selp<float>>("selp.f32"),
    };
    add_integer<int16_t>(opcodes, "s16");
    add_integer<uint16_t>(opcodes, "u16");
    add_integer<int32_t>(opcodes, "s32");
    add_integer<uint32_t>(opcodes, "u32");
    add_integer<int64_t>(opcodes, "s64");
    add_integer<uint64_t>(opcodes, "u64");
    add_bits<uint16_t>(opcodes, "b16");
    add_bits<uint32_t>(opcodes, "b32");
    add_bits<uint64_t>(opcodes, "b64");
    return opcodes;
}

} // namespace interpreter
