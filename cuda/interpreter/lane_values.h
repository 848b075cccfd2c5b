#pragma once

#include "interpreter/warp.h"

#include <cstring>

namespace interpreter {

// The value of an operand in a lane. Registers of 16 and 32 bits have 4 bytes, of 64 bits 8; bool: of a predicate.
template <class T>
T get(const Warp& warp, uint32_t operand, unsigned lane) {
    if constexpr (std::is_same_v<T, bool>) {
        return (warp.predicates[operand] >> lane & 1) != 0;
    } else {
        T value;
        std::memcpy(&value, warp.registers.data() + operand + lane * (sizeof(T) <= 4 ? 4 : 8), sizeof value);
        return value;
    }
}

template <class T>
void set(Warp& warp, uint32_t operand, unsigned lane, T value) {
    if constexpr (std::is_same_v<T, bool>) {
        const Lanes bit = Lanes(1) << lane;
        warp.predicates[operand] = value ? warp.predicates[operand] | bit : warp.predicates[operand] & ~bit;
    } else if constexpr (sizeof(T) < 4) {
        set<uint32_t>(warp, operand, lane, (uint32_t)value);
    } else {
        std::memcpy(warp.registers.data() + operand + lane * sizeof(T), &value, sizeof value);
    }
}

// The address in a lane of the address operand that begins at operands[at]; Address: uint32_t of shared memory and
// parameters, uint64_t of global memory.
template <class Address>
Address get_address(const Warp& warp, const Instruction& instruction, size_t at, unsigned lane) {
    return get<Address>(warp, instruction.operands[at], lane) + (Address)(int32_t)instruction.operands[at + 1];
}

// Calls with each of the lanes.
template <class Call>
void for_each(Lanes lanes, const Call& call) {
    for (unsigned lane = 0; lane < WARP_LANES; lane++) {
        if ((lanes >> lane & 1) != 0) {
            call(lane);
        }
    }
}

} // namespace interpreter
