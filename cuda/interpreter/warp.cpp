#include "interpreter/warp.h"

#include "interpreter/block.h"
#include "interpreter/fault.h"
#include "interpreter/opcode.h"

#include <algorithm>
#include <cstring>

namespace interpreter {

Warp::Warp(Block& block, unsigned index)
    : block(block), index(index), registers(block.launch.kernel.register_bytes),
      predicates(block.launch.kernel.predicates), kernel(block.launch.kernel),
      waited(block.launch.early ? 0 : ALL_LANES), now({0, ALL_LANES}) {
    const uint8_t garbage = (uint8_t)block.launch.random();
    std::memset(registers.data(), garbage, registers.size());
    for (Lanes& predicate : predicates) {
        predicate = (Lanes)block.launch.random();
    }
    for (const Kernel::Constant& constant : kernel.constants) {
        for (size_t lane = 0; lane < WARP_LANES; lane++) {
            std::memcpy(&registers[constant.row + lane * constant.lane_bytes], &constant.value, constant.lane_bytes);
        }
    }
    for (const auto& special : kernel.specials) {
        for (uint32_t lane = 0; lane < WARP_LANES; lane++) {
            uint32_t value = 0;
            switch (special.first) {
            case Special::thread:
                value = index * WARP_LANES + lane;
                break;
            case Special::block:
                value = block.index;
                break;
            case Special::block_threads:
                value = block.launch.threads;
                break;
            case Special::blocks:
                value = block.launch.blocks;
                break;
            case Special::lane:
                value = lane;
                break;
            }
            std::memcpy(&registers[special.second + lane * 4], &value, 4);
        }
    }
}

unsigned Warp::run(unsigned most) {
    unsigned executed = 0;
    try {
        for (; executed < most && !ended(); executed++) {
            if (!other.empty()) {
                choose_path();
            }
            const Instruction& instruction = kernel.instructions[now.at];
            Lanes lanes = now.lanes;
            if (instruction.guard >= 0) {
                const Lanes guard = predicates[(size_t)instruction.guard];
                lanes &= instruction.guard_negated ? ~guard : guard;
            }
            if (instruction.flow == Flow::branch) {
                branch(instruction.target, lanes);
            } else if (instruction.flow == Flow::exit) {
                end(lanes);
            } else if (lanes != 0 && instruction.opcode->execute(*this, instruction, lanes) == Step::wait) {
                return executed;
            } else {
                now.at++;
            }
        }
    } catch (const Fault& fault) {
        throw Fault(std::string(fault.what()) + " (warp " + std::to_string(index) + ", " + where() + ")");
    }
    return executed;
}

std::string Warp::where() const {
    const uint32_t line = kernel.instructions[now.at].line;
    const std::string& text = block.launch.program.lines[line - 1];
    return "line " + std::to_string(line) + ": " + text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
}

void Warp::require_all(Lanes lanes) const {
    Lanes live = now.lanes;
    for (const Path& path : other) {
        live |= path.lanes;
    }
    if (lanes != live) {
        throw Fault("the lanes of the warp do not execute this together");
    }
}

void Warp::choose_path() {
    for (size_t i = 0; i < other.size();) {
        if (other[i].at == now.at) {
            now.lanes |= other[i].lanes;
            other[i] = other.back();
            other.pop_back();
        } else {
            i++;
        }
    }
    for (Path& path : other) {
        if (path.at < now.at) {
            std::swap(path, now);
        }
    }
}

void Warp::branch(uint32_t target, Lanes lanes) {
    if (lanes == now.lanes) {
        now.at = target;
        return;
    }
    if (lanes != 0) {
        other.push_back({target, lanes});
        now.lanes &= ~lanes;
    }
    now.at++;
}

void Warp::end(Lanes lanes) {
    if ((lanes & ~waited) != 0) {
        // Those after it wait for no others than it.
        throw Fault("ends without griddepcontrol.wait");
    }
    now.lanes &= ~lanes;
    now.at++;
    if (now.lanes == 0 && !other.empty()) {
        now = other.back();
        other.pop_back();
    }
}

} // namespace interpreter
