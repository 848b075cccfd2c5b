#pragma once

#include "interpreter/lane_values.h"
#include "interpreter/opcode.h"

#include <utility>

namespace interpreter {

template <auto operation>
struct Elementwise;

// The instruction that computes operation(sources...) in each lane on its own.
template <class Result, class... Sources, Result (*operation)(Sources...)>
struct Elementwise<operation> {
    static Step execute(Warp& warp, const Instruction& instruction, Lanes lanes) {
        apply(warp, instruction.operands.data(), lanes, std::index_sequence_for<Sources...>());
        return Step::next;
    }

    static Opcode opcode(const char* name) { return {name, result() + (... + letter<Sources>()), execute}; }

private:
    template <size_t... I>
    static void apply(Warp& warp, const uint32_t* operands, Lanes lanes, std::index_sequence<I...>) {
        const auto one = [&](unsigned lane) {
            set<Result>(warp, operands[0], lane, operation(get<Sources>(warp, operands[1 + I], lane)...));
        };
        if (lanes == ALL_LANES) {
            for (unsigned lane = 0; lane < WARP_LANES; lane++) {
                one(lane);
            }
        } else {
            for_each(lanes, one);
        }
    }

    template <class T>
    static std::string letter() {
        return std::is_same_v<T, bool> ? "p" : sizeof(T) == 8 ? "d" : "w";
    }

    static std::string result() { return std::is_same_v<Result, bool> ? "p" : sizeof(Result) == 8 ? "D" : "W"; }
};

template <auto operation>
Opcode elementwise(const char* name) {
    return Elementwise<operation>::opcode(name);
}

} // namespace interpreter
