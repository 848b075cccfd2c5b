// PTX ISA, "ld", "ld.global.nc", "st".

#include "interpreter/block.h"
#include "interpreter/fault.h"
#include "interpreter/global_memory.h"
#include "interpreter/lane_values.h"
#include "interpreter/opcode.h"

namespace interpreter {

namespace {

enum class Space { global, shared, parameter };

template <Space space>
const uint8_t* readable(Warp& warp, const Instruction& instruction, size_t at, unsigned lane, size_t bytes) {
    if constexpr (space == Space::global) {
        return global_memory().read(get_address<uint64_t>(warp, instruction, at, lane), bytes, bytes,
                                    warp.is_early(lane));
    } else if constexpr (space == Space::shared) {
        return warp.block.shared.read(get_address<uint32_t>(warp, instruction, at, lane), bytes, bytes);
    } else {
        const uint64_t address = get_address<uint64_t>(warp, instruction, at, lane);
        const std::vector<uint8_t>& parameters = warp.block.launch.parameters;
        if (address % bytes != 0 || address >= parameters.size() || address + bytes > parameters.size()) {
            throw Fault("no parameter at " + std::to_string(address));
        }
        return &parameters[address];
    }
}

template <Space space, class T, size_t count, class Register = T>
Step load(Warp& warp, const Instruction& instruction, Lanes lanes) {
    for_each(lanes, [&](unsigned lane) {
        T values[count];
        std::memcpy(values, readable<space>(warp, instruction, count, lane, sizeof values), sizeof values);
        for (size_t i = 0; i < count; i++) {
            set<Register>(warp, instruction.operands[i], lane, (Register)values[i]);
        }
    });
    return Step::next;
}

template <Space space, class T, size_t count>
Step store(Warp& warp, const Instruction& instruction, Lanes lanes) {
    for_each(lanes, [&](unsigned lane) {
        T values[count];
        for (size_t i = 0; i < count; i++) {
            values[i] = get<T>(warp, instruction.operands[2 + i], lane);
        }
        uint8_t* to;
        if constexpr (space == Space::global) {
            to = global_memory().write(get_address<uint64_t>(warp, instruction, 0, lane), sizeof values, sizeof values,
                                       warp.is_early(lane));
        } else {
            to = warp.block.shared.write(get_address<uint32_t>(warp, instruction, 0, lane), sizeof values,
                                         sizeof values);
        }
        std::memcpy(to, values, sizeof values);
    });
    return Step::next;
}

const char* name_of(Space space) {
    return space == Space::global ? "global" : space == Space::shared ? "shared" : "param";
}

char letter_of(Space space) {
    return space == Space::global ? 'G' : space == Space::shared ? 'S' : 'P';
}

template <Space space, class T, size_t count>
void add_type(std::vector<Opcode>& opcodes, const std::string& type) {
    const std::string end = (count == 1 ? "." : ".v" + std::to_string(count) + ".") + type;
    const std::string address(1, letter_of(space));
    opcodes.push_back({"ld." + std::string(name_of(space)) + end,
                       std::string(count, sizeof(T) == 8 ? 'D' : 'W') + address, load<space, T, count>});
    if constexpr (space != Space::parameter) {
        opcodes.push_back({"st." + std::string(name_of(space)) + end,
                           address + std::string(count, sizeof(T) == 8 ? 'd' : 'w'), store<space, T, count>});
    }
}

template <Space space>
void add_space(std::vector<Opcode>& opcodes) {
    for (const char* type : {"u32", "s32", "f32", "b32"}) {
        add_type<space, uint32_t, 1>(opcodes, type);
        add_type<space, uint32_t, 2>(opcodes, type);
        add_type<space, uint32_t, 4>(opcodes, type);
    }
    add_type<space, uint8_t, 1>(opcodes, "u8");
    add_type<space, uint16_t, 1>(opcodes, "u16");
    add_type<space, uint64_t, 1>(opcodes, "u64");
    const std::string load_s32 = std::string("ld.") + name_of(space) + ".s32";
    opcodes.push_back({load_s32, std::string("D") + letter_of(space), load<space, int32_t, 1, int64_t>});
}

} // namespace

std::vector<Opcode> load_store_opcodes() {
    std::vector<Opcode> opcodes = {
        {"ld.global.nc.L1::no_allocate.v4.u32", "WWWWG", load<Space::global, uint32_t, 4>},
        {"ld.global.nc.L1::no_allocate.L2::cache_hint.L2::128B.v4.u32", "WWWWGd", load<Space::global, uint32_t, 4>},
    };
    add_space<Space::global>(opcodes);
    add_space<Space::shared>(opcodes);
    add_space<Space::parameter>(opcodes);
    return opcodes;
}

} // namespace interpreter
