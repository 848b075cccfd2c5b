#include "interpreter/opcode.h"

#include <map>

namespace interpreter {

std::vector<const Opcode*> find_opcodes(const std::string& name) {
    static const std::multimap<std::string, Opcode> all = [] {
        std::multimap<std::string, Opcode> opcodes;
        for (const auto& list :
             {arithmetic_opcodes(), conversion_opcodes(), load_store_opcodes(), warp_opcodes(), grid_opcodes(),
              barrier_opcodes(), mma_opcodes(), cp_async_opcodes(), mbarrier_opcodes(), wgmma_opcodes()}) {
            for (const Opcode& opcode : list) {
                opcodes.emplace(opcode.name, opcode);
            }
        }
        return opcodes;
    }();
    std::vector<const Opcode*> found;
    for (auto [at, end] = all.equal_range(name); at != end; ++at) {
        found.push_back(&at->second);
    }
    return found;
}

} // namespace interpreter
