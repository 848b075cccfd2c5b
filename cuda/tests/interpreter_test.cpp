// Proves that the interpreter of PTX notices what it is there to notice: each program here has one fault, or none.

#include "interpreter/fault.h"
#include "interpreter/global_memory.h"
#include "interpreter/launch.h"
#include "tests/suite.h"

#include <cstring>

namespace {

constexpr unsigned threads = 128;

// The body of a kernel of 128 threads that takes `in` and `out`, 128 words each. %r0 is the thread's number, %r1 four
// times it; %rd0 and %rd1 are where the thread's words of in and out lie.
std::string program_of(const std::string& body) {
    return ".version 9.0\n.target sm_90a\n.address_size 64\n.extern .shared .align 1024 .b8 shared[];\n"
           ".entry kernel(.param .u64 in, .param .u64 out)\n{\n"
           ".reg .pred %p<8>;\n.reg .b32 %r<96>;\n.reg .b64 %rd<8>;\n"
           "mov.u32 %r0, %tid.x;\nshl.b32 %r1, %r0, 2;\nmul.wide.u32 %rd2, %r0, 4;\n"
           "ld.param.u64 %rd0, [in];\nadd.s64 %rd0, %rd0, %rd2;\n"
           "ld.param.u64 %rd1, [out];\nadd.s64 %rd1, %rd1, %rd2;\n" +
           body + "\nret;\n}\n";
}

struct Result {
    std::string fault;
    std::vector<uint32_t> out;
};

// in[i] is 1000 + i.
Result run(const std::string& body, std::mt19937& random, bool early = false) {
    uint32_t words[threads];
    for (uint32_t i = 0; i < threads; i++) {
        words[i] = 1000 + i;
    }
    interpreter::GlobalMemory& memory = interpreter::global_memory();
    void* const arrays[2] = {memory.allocate(sizeof words), memory.allocate(sizeof words)};
    std::memcpy(arrays[0], words, sizeof words);
    Result result;
    try {
        const interpreter::Program program = interpreter::parse_program(program_of(body));
        std::vector<uint8_t> parameters(sizeof arrays);
        std::memcpy(parameters.data(), arrays, sizeof arrays);
        interpreter::run({program, program.kernels.at("kernel"), parameters, 1, threads, 20480, early, random});
    } catch (const interpreter::Fault& fault) {
        result.fault = fault.what();
    }
    std::memcpy(words, arrays[1], sizeof words);
    result.out.assign(words, words + threads);
    memory.release(arrays[0]);
    memory.release(arrays[1]);
    return result;
}

// Whether every thread's word is that of its neighbour.
bool is_right(const Result& result) {
    for (uint32_t i = 0; i < threads; i++) {
        if (result.out[i] != 1000 + (i + 1) % threads) {
            return false;
        }
    }
    return result.fault.empty();
}

constexpr int orders = 30; // of what has none, that each program is run in

void expect_right(Suite& suite, const std::string& name, const std::string& body) {
    suite.run(name, [&]() -> std::string {
        std::mt19937 random(1);
        for (int i = 0; i < orders; i++) {
            const Result result = run(body, random);
            if (!is_right(result)) {
                return result.fault.empty() ? "gave wrong words" : result.fault;
            }
        }
        return "";
    });
}

void expect_wrong(Suite& suite, const std::string& name, const std::string& body) {
    suite.run(name, [&]() -> std::string {
        std::mt19937 random(1);
        int right = 0;
        for (int i = 0; i < orders; i++) {
            right += is_right(run(body, random)) ? 1 : 0;
        }
        return right < orders ? "" : "was right in every order";
    });
}

void expect_fault(Suite& suite, const std::string& name, const std::string& expected, const std::string& body,
                  bool early = false) {
    suite.run(name, [&]() -> std::string {
        std::mt19937 random(1);
        const std::string fault = run(body, random, early).fault;
        return fault.find(expected) != std::string::npos ? "" : "ended with \"" + fault + "\"";
    });
}

// The neighbour's word out of shared memory.
const std::string read_neighbour = "add.s32 %r3, %r0, 1;\nand.b32 %r3, %r3, 127;\nshl.b32 %r3, %r3, 2;\n"
                                   "mov.u32 %r4, shared;\nadd.s32 %r4, %r4, %r3;\n"
                                   "ld.shared.u32 %r5, [%r4];\nst.global.u32 [%rd1], %r5;\n";
const std::string own_address = "mov.u32 %r2, shared;\nadd.s32 %r2, %r2, %r1;\n";
const std::string store_own = own_address + "ld.global.u32 %r5, [%rd0];\nst.shared.u32 [%r2], %r5;\n";
const std::string copy_own = own_address + "mov.u32 %r5, 4;\ncp.async.ca.shared.global [%r2], [%rd0], 4, %r5;\n";

// Thread 0 initializes the mbarrier at shared + 16384 for itself, and copies `in` with it, of which `expected` bytes
// are counted; all wait.
std::string bulk_copy(const std::string& fence, const std::string& expected, const std::string& wait) {
    return "mov.u32 %r6, shared;\nadd.s32 %r7, %r6, 16384;\nsetp.ne.s32 %p0, %r0, 0;\n@%p0 bra ready;\n"
           "mov.u32 %r8, 1;\nmbarrier.init.shared::cta.b64 [%r7], %r8;\n" +
           fence + "mov.u32 %r8, " + expected +
           ";\nmbarrier.arrive.expect_tx.shared::cta.b64 _, [%r7], %r8;\nmov.u32 %r8, 512;\n"
           "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r6], [%rd0], %r8, [%r7];\n"
           "ready:\nbar.sync 0;\n" +
           wait + read_neighbour;
}
const std::string init_fence = "fence.mbarrier_init.release.cluster;\n";
const std::string wait_phase0 = "mov.u32 %r8, 0;\nagain:\n"
                                "mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r7], %r8;\n@!%p1 bra again;\n";

// Sums %r10 to %r73, A %r80 to %r83: adds the products of ones with what lies in shared memory to zeros.
std::string wgmma(const std::string& before, const std::string& after, const std::string& descriptor) {
    std::string zeros, sums;
    for (int i = 10; i < 74; i++) {
        zeros += "mov.u32 %r" + std::to_string(i) + ", 0;\n";
        sums += (i == 10 ? "%r" : ", %r") + std::to_string(i);
    }
    for (int i = 80; i < 84; i++) {
        zeros += "mov.u32 %r" + std::to_string(i) + ", 16843009;\n";
    }
    return zeros + "mov.b64 %rd3, " + descriptor + ";\nsetp.eq.s32 %p2, %r0, %r0;\n" + before +
           "wgmma.mma_async.sync.aligned.m64n128k32.s32.s8.s8 {" + sums +
           "}, {%r80, %r81, %r82, %r83}, %rd3, %p2;\nwgmma.commit_group.sync.aligned;\n" + after;
}
const std::string wgmma_fence = "wgmma.fence.sync.aligned;\n", wgmma_wait = "wgmma.wait_group.sync.aligned 0;\n";
// Shared memory from 1024 on, 1024 bytes from 8 columns to the next, 128-byte swizzle.
const std::string descriptor = std::to_string(uint64_t(1024 >> 4) | uint64_t(1024 >> 4) << 32 | uint64_t(1) << 62);

} // namespace

void test_interpreter(Suite& suite) {
    expect_right(suite, "neighbour's word after a barrier", store_own + "bar.sync 0;\n" + read_neighbour);
    expect_wrong(suite, "neighbour's word without a barrier", store_own + read_neighbour);
    expect_wrong(suite, "neighbour's word after a barrier of the warp alone",
                 store_own + "bar.warp.sync -1;\n" + read_neighbour);
    expect_right(suite, "cp.async",
                 copy_own + "cp.async.commit_group;\ncp.async.wait_group 0;\nbar.sync 0;\n" + read_neighbour);
    expect_wrong(suite, "cp.async without a wait", copy_own + "cp.async.commit_group;\nbar.sync 0;\n" + read_neighbour);
    expect_wrong(suite, "cp.async and a wait for the group before",
                 copy_own + "cp.async.commit_group;\ncp.async.wait_group 1;\nbar.sync 0;\n" + read_neighbour);
    expect_wrong(suite, "cp.async outside of the group waited for",
                 "cp.async.commit_group;\n" + copy_own + "cp.async.wait_group 0;\nbar.sync 0;\n" + read_neighbour);
    expect_right(suite, "bulk copy", bulk_copy(init_fence, "512", wait_phase0));
    expect_wrong(suite, "bulk copy without a wait", bulk_copy(init_fence, "512", ""));
    expect_fault(suite, "bulk copy on an unfenced mbarrier", "no fence.mbarrier_init",
                 bulk_copy("", "512", wait_phase0));
    expect_fault(suite, "bulk copy of more bytes than expected", "every warp waits",
                 bulk_copy(init_fence, "496", wait_phase0));
    expect_fault(suite, "bulk copy of fewer bytes than expected", "every warp waits",
                 bulk_copy(init_fence, "528", wait_phase0));
    expect_fault(suite, "bulk copy over what threads wrote", "generic proxy",
                 store_own + "bar.sync 0;\n" + bulk_copy(init_fence, "512", wait_phase0));
    expect_fault(suite, "wait at what is no mbarrier", "no initialized mbarrier",
                 "mov.u32 %r7, shared;\n" + wait_phase0);
    expect_fault(suite, "barrier that one warp does not reach", "every warp waits",
                 "setp.lt.s32 %p0, %r0, 32;\n@%p0 ret;\nbar.sync 0;\n");
    expect_fault(suite, "barrier with another count", "others wait at this barrier",
                 "setp.lt.s32 %p0, %r0, 32;\n@%p0 bra other;\nbar.sync 1, 128;\nret;\nother:\nbar.sync 1, 64;\n");
    expect_fault(suite, "barrier in a diverged warp", "do not execute this together",
                 "and.b32 %r3, %r0, 1;\nsetp.eq.s32 %p0, %r3, 0;\n@%p0 bra end;\nbar.sync 0;\nend:\n");
    expect_fault(suite, "misaligned shared address", "misaligned", own_address + "ld.shared.u32 %r3, [%r2+2];\n");
    expect_fault(suite, "past the end of shared memory", "outside the block's",
                 own_address + "ld.shared.u32 %r3, [%r2+20000];\n");
    expect_fault(suite, "misaligned global address", "misaligned", "ld.global.v2.u32 {%r3, %r4}, [%rd0];\n");
    expect_fault(suite, "past the end of an allocation", "in no allocation", "ld.global.u32 %r3, [%rd0+4];\n");
    expect_fault(suite, "past the parameters", "no parameter", "mov.u64 %rd3, in;\nld.param.u64 %rd4, [%rd3+16];\n");
    expect_fault(suite, "unknown instruction", "unknown instruction", "clz.b32 %r3, %r0;\n");
    expect_fault(suite, "brace without an end", "ends too early", "{\n");
    expect_fault(suite, "operand of another size", "unknown with these operands", "add.s32 %rd3, %rd0, 1;\n");
    expect_fault(suite, "early kernel that writes before it waits", "writes what kernels before",
                 "st.global.u32 [%rd1], %r0;\ngriddepcontrol.wait;\n", true);
    expect_fault(suite, "early kernel that does not wait", "ends without griddepcontrol.wait", "", true);
    expect_fault(suite, "wgmma without a fence", "without a wgmma.fence", wgmma("", wgmma_wait, descriptor));
    expect_fault(suite, "wgmma whose A is set after the fence", "without a wgmma.fence",
                 wgmma(wgmma_fence + "mov.u32 %r81, 0;\n", wgmma_wait, descriptor));
    expect_fault(suite, "wgmma with another swizzle", "only 128-byte swizzle",
                 wgmma(wgmma_fence, wgmma_wait, std::to_string(uint64_t(1024 >> 4) | uint64_t(2) << 62)));
    expect_fault(suite, "wgmma on what threads wrote", "generic proxy",
                 store_own + "bar.sync 0;\n" + wgmma(wgmma_fence, wgmma_wait, descriptor));
    expect_fault(suite, "wgmma by two warps of four", "did not execute the same wgmma",
                 "setp.lt.s32 %p0, %r0, 64;\n@%p0 ret;\n" + wgmma(wgmma_fence, wgmma_wait, descriptor));
}
