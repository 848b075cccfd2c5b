#include "tests/device_array.h"
#include "tests/instruction_kernels.h"
#include "tests/suite.h"
#include "tests/test_device.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <random>

namespace {

using Words = std::vector<uint32_t>;

// A wrapper of ptx/: how many words its kernel takes, and what it must make of them. The expectations follow NVIDIA's
// description of the instruction alone; where a GPU disagrees, the wrapper's reading of it is wrong.
struct Instruction {
    const char* name;
    mixllm_cuda_device device; // what can run it
    size_t words_in;
    InstructionKernel kernel;
    std::function<Words(const Words& in)> expected;
};

int8_t byte_of(const Words& words, size_t byte) {
    return (int8_t)(words[byte / 4] >> (8 * (byte % 4)));
}

Words expect_dp4a(const Words& in) {
    Words out(32);
    for (size_t i = 0; i < 32; i++) {
        uint32_t sum = in[64 + i];
        for (size_t j = 0; j < 4; j++) {
            sum += (uint32_t)(byte_of(in, 4 * i + j) * byte_of(in, 4 * (32 + i) + j));
        }
        out[i] = sum;
    }
    return out;
}

Words expect_warp_reduce(const Words& in) {
    uint32_t largest = 0, sum = 0;
    for (const uint32_t value : in) {
        largest = std::max(largest, value);
        sum += value;
    }
    Words out(32, largest);
    out.resize(64, sum);
    return out;
}

Words expect_warp_match(const Words& in) {
    Words out(32);
    for (size_t i = 0; i < 32; i++) {
        for (size_t j = 0; j < 32; j++) {
            out[i] |= (uint32_t)(in[j] % 8 == in[i] % 8) << j;
        }
    }
    return out;
}

Words expect_load_streaming(const Words& in) {
    Words out = in;
    out.insert(out.end(), in.begin(), in.end());
    return out;
}

Words expect_grid_dependency(const Words& in) {
    Words out(64);
    for (size_t i = 0; i < 32; i++) {
        uint32_t value = in[i];
        for (uint32_t round = 0; round < 20000; round++) {
            uint32_t sum = round;
            for (unsigned shift = 0; shift < 32; shift += 8) {
                const int byte = (int8_t)(value >> shift);
                sum += (uint32_t)(byte * byte);
            }
            value = sum;
        }
        out[i] = value;
    }
    for (size_t i = 0; i < 32; i++) {
        out[32 + i] = in[i] ^ out[31 - i];
    }
    return out;
}

Words expect_named_barrier(const Words& in) {
    Words values = in;
    for (uint32_t round = 0; round < 9; round++) {
        Words next(64);
        for (size_t i = 0; i < 64; i++) {
            next[i] = values[63 - i] + round;
        }
        values = next;
    }
    return values;
}

// in: 4 matrices of 8 rows of 16 bytes. out: [32 lanes][4].
Words expect_ldmatrix(const Words& in) {
    Words out(128);
    for (size_t lane = 0; lane < 32; lane++) {
        for (size_t matrix = 0; matrix < 4; matrix++) {
            out[4 * lane + matrix] = in[(matrix * 8 + lane / 4) * 4 + lane % 4];
        }
    }
    return out;
}

// C + A B; A [rows][k] and B [columns][k] bytes from byte a and b of `in`, C [rows][columns] words from word c.
Words product(const Words& in, size_t rows, size_t columns, size_t inputs, size_t a, size_t b, size_t c) {
    Words out(rows * columns);
    for (size_t row = 0; row < rows; row++) {
        for (size_t column = 0; column < columns; column++) {
            uint32_t sum = in[c + row * columns + column];
            for (size_t k = 0; k < inputs; k++) {
                sum += (uint32_t)(byte_of(in, a + row * inputs + k) * byte_of(in, b + column * inputs + k));
            }
            out[row * columns + column] = sum;
        }
    }
    return out;
}

// in: A [16][32], B [8][32] bytes, C [16][8].
Words expect_mma(const Words& in) {
    return product(in, 16, 8, 32, 0, 16 * 32, (16 + 8) * 32 / 4);
}

// in: 4 groups of 32 pieces of 16 bytes, of which some are copied in part and filled up with zeros.
Words expect_cp_async(const Words& in) {
    Words out = in;
    for (size_t lane = 0; lane < 32; lane++) {
        std::fill_n(out.begin() + (long)(128 + 4 * lane + lane % 5), 4 - lane % 5, 0u);
        std::fill_n(out.begin() + (long)(384 + 4 * lane + 2 + lane % 3), 2 - lane % 3, 0u);
    }
    return out;
}

// in: A [64][128] bytes, B [128][128] bytes in the 128-byte swizzle, C [64][128].
Words expect_wgmma(const Words& in) {
    Words plain = in;
    const size_t b = 64 * 32;
    for (size_t column = 0; column < 128; column++) {
        for (size_t word = 0; word < 32; word++) {
            const size_t swizzled = ((word / 4) ^ (column % 8)) * 4 + word % 4;
            plain[b + column * 32 + word] = in[b + column * 32 + swizzled];
        }
    }
    return product(plain, 64, 128, 128, 0, 4 * b, b + 128 * 32);
}

std::string check(const Instruction& instruction, std::mt19937& random) {
    Words in(instruction.words_in);
    for (uint32_t& word : in) {
        word = (uint32_t)random();
    }
    const Words expected = instruction.expected(in);
    const DeviceArray<uint32_t> device_in(in), device_out(Words(expected.size(), 0xDEADBEEF));
    require_success(instruction.kernel(device_in.get(), device_out.get()), "launch");
    require_success(cudaDeviceSynchronize(), "kernel");
    const Words out = device_out.values();
    size_t wrong = 0, first = 0;
    for (size_t i = out.size(); i-- > 0;) {
        if (out[i] != expected[i]) {
            wrong++;
            first = i;
        }
    }
    if (wrong == 0) {
        return "";
    }
    char text[160];
    std::snprintf(text, sizeof text, "%zu of %zu words are wrong; the first, %zu, is %08X and should be %08X", wrong,
                  out.size(), first, out[first], expected[first]);
    return text;
}

} // namespace

void test_instructions(Suite& suite) {
    const mixllm_cuda_device any = {75, 1, false}, ampere = {80, 1, false}, early = {90, 1, false},
                             hopper = {90, 1, true};
    const Instruction instructions[] = {
        {"dp4a", any, 96, run_dp4a, expect_dp4a},
        {"warp_reduce", any, 32, run_warp_reduce, expect_warp_reduce},
        {"warp_match", any, 32, run_warp_match, expect_warp_match},
        {"load_streaming", any, 128, run_load_streaming, expect_load_streaming},
        {"grid_dependency", early, 32, run_grid_dependency, expect_grid_dependency},
        {"named_barrier", any, 64, run_named_barrier, expect_named_barrier},
        {"ldmatrix", ampere, 128, run_ldmatrix, expect_ldmatrix},
        {"mma", ampere, 128 + 64 + 128, run_mma, expect_mma},
        {"cp_async", ampere, 512, run_cp_async, expect_cp_async},
        {"mbarrier and bulk_copy", hopper, 7 * 256, run_bulk_copy, [](const Words& in) { return in; }},
        {"wgmma", hopper, 64 * 32 + 128 * 32 + 64 * 128, run_wgmma, expect_wgmma},
    };
    std::mt19937 random(5);
    for (const Instruction& instruction : instructions) {
        for (int i = 0; i < 3; i++) {
            if (runs_here(instruction.device)) {
                suite.run(std::string("ptx/ ") + instruction.name, [&] { return check(instruction, random); });
            } else {
                suite.skip();
            }
        }
    }
}
