#include "interpreter/device.h"

#include "interpreter/fat_binary.h"
#include "interpreter/fault.h"
#include "interpreter/launch.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>

namespace interpreter {

namespace {

struct Function {
    const void* fat_binary = nullptr;
    std::string name; // mangled
    size_t shared_bytes = 48 * 1024;
};

// CUDA C++ Programming Guide, "Compute Capabilities".
const Device devices[] = {
    {"sm_75", 75, 64 * 1024}, {"sm_80", 80, 163 * 1024}, {"sm_90a", 90, 227 * 1024}, {"sm_120", 120, 99 * 1024}};

// Kernels register before main.
std::map<const void*, Function>& functions() {
    static std::map<const void*, Function> all;
    return all;
}

const Program& program_of(const void* fat_binary) {
    static std::map<const void*, Program> programs;
    const auto known = programs.find(fat_binary);
    return known != programs.end() ? known->second
                                   : programs[fat_binary] = parse_program(ptx_of(fat_binary, device().target));
}

std::string demangled(const std::string& name) {
    char* readable = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, nullptr);
    const std::string result = readable == nullptr ? name : readable;
    std::free(readable);
    return result;
}

} // namespace

const Device& device() {
    const char* wanted = std::getenv("MIXLLM_PTX_TARGET");
    for (const Device& known : devices) {
        if (wanted != nullptr && std::strcmp(wanted, known.target) == 0) {
            return known;
        }
    }
    throw Fault("MIXLLM_PTX_TARGET must be sm_75, sm_80, sm_90a or sm_120");
}

void add_kernel(const void* function, const void* fat_binary, const std::string& name) {
    functions()[function].fat_binary = fat_binary;
    functions()[function].name = name;
}

bool allow_shared_bytes(const void* function, size_t bytes) {
    if (bytes > device().most_shared_bytes) {
        return false;
    }
    functions()[function].shared_bytes = bytes;
    return true;
}

std::function<std::string()> prepare(const void* function, unsigned blocks, unsigned threads, size_t shared_bytes,
                                     bool early, void** arguments) {
    static std::mt19937 random(std::random_device::result_type(7));
    const Function launched = functions()[function];
    const auto wrong = [name = demangled(launched.name)](const Fault& fault) { return name + ", " + fault.what(); };
    try {
        const Program& program = program_of(launched.fat_binary);
        const Kernel& kernel = program.kernels.at(launched.name);
        if (blocks == 0 || threads == 0 || threads > kernel.most_threads || threads % WARP_LANES != 0 ||
            shared_bytes > launched.shared_bytes) {
            throw Fault("launched with " + std::to_string(blocks) + " blocks of " + std::to_string(threads) +
                        " threads, " + std::to_string(shared_bytes) + " bytes of shared memory");
        }
        std::vector<uint8_t> parameters(kernel.parameter_bytes);
        for (size_t i = 0; i < kernel.parameters.size(); i++) {
            std::memcpy(&parameters[kernel.parameters[i].offset], arguments[i], kernel.parameters[i].bytes);
        }
        return [=, &program, &kernel]() -> std::string {
            try {
                run({program, kernel, parameters, blocks, threads, shared_bytes, early, random});
                return "";
            } catch (const Fault& fault) {
                return wrong(fault);
            }
        };
    } catch (const Fault& fault) {
        return [text = wrong(fault)] { return text; };
    }
}

} // namespace interpreter
