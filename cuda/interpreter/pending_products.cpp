#include "interpreter/pending_products.h"

#include "interpreter/block.h"
#include "interpreter/dot.h"
#include "interpreter/fault.h"
#include "interpreter/lane_values.h"

#include <algorithm>

namespace interpreter {

enum { SUMS = 64, COLUMNS = 128, INPUTS = 32 };

static bool same_sums(const Instruction& a, const Instruction& b) {
    return std::equal(a.operands.begin(), a.operands.begin() + SUMS, b.operands.begin());
}

void PendingProducts::start(Warp& warp, const Instruction& instruction, uint64_t descriptor, bool accumulate) {
    std::vector<uint64_t>& warpgroup = warp.block.warpgroups[warp.index / 4];
    if (count == warpgroup.size()) {
        warpgroup.push_back(descriptor);
    }
    if (warpgroup[count] != descriptor) {
        throw Fault("the warps of a warpgroup differ in wgmma's operands");
    }
    count++;
    Product product = {&instruction, descriptor, committed, nullptr};
    for (const Product& earlier : products) {
        if (same_sums(*earlier.instruction, instruction)) {
            product.sums = earlier.sums;
        }
    }
    if (product.sums != nullptr && !accumulate) {
        throw Fault("wgmma that does not add to the sums of one under way, which is not interpreted");
    }
    if (product.sums == nullptr) {
        product.sums = std::make_shared<Sums>();
        for_each(ALL_LANES, [&](unsigned lane) {
            for (unsigned i = 0; i < SUMS; i++) {
                product.sums->values[lane][i] = accumulate ? get<uint32_t>(warp, instruction.operands[i], lane) : 0;
                set<uint32_t>(warp, instruction.operands[i], lane, 0x5AD5AD5A);
            }
        });
    }
    products.push_back(product);
}

void PendingProducts::wait(Warp& warp, uint32_t pending) {
    while (!products.empty() && products.front().group + pending < committed) {
        const Product product = products.front();
        products.pop_front();
        multiply(warp, product);
        const bool last = std::none_of(products.begin(), products.end(),
                                       [&](const Product& later) { return later.sums == product.sums; });
        if (last) {
            for_each(ALL_LANES, [&](unsigned lane) {
                for (unsigned i = 0; i < SUMS; i++) {
                    set<uint32_t>(warp, product.instruction->operands[i], lane, product.sums->values[lane][i]);
                }
            });
        }
    }
}

// The address of 16 bytes of B in the shared address space: chunk 0 or 1 of the 32 inputs of a column. PTX ISA, "Matrix
// Descriptor Format" and "Canonical Layouts", K-major: columns 0 to 7 stand 128 bytes from each other, the next 8 at
// the stride dimension's offset; on the sum, bits 4 to 6 are swizzled with bits 7 to 9.
static uint32_t b_address(uint64_t descriptor, uint32_t column, uint32_t chunk) {
    const uint32_t start = (uint32_t)(descriptor & 0x3FFF) << 4;
    const uint32_t stride = (uint32_t)(descriptor >> 32 & 0x3FFF) << 4;
    const uint32_t address = start + column % 8 * 128 + column / 8 * stride + chunk * 16;
    return address ^ (address >> 3 & 0x70);
}

static void check_descriptor(uint64_t descriptor) {
    const uint32_t swizzle = (uint32_t)(descriptor >> 62), base_offset = (uint32_t)(descriptor >> 49 & 7);
    if (swizzle != 1 || base_offset != 0) {
        throw Fault("wgmma operand with swizzle " + std::to_string(swizzle) + " and base offset " +
                    std::to_string(base_offset) + "; only 128-byte swizzle with 0 is interpreted");
    }
    const uint64_t reserved = uint64_t(3) << 14 | uint64_t(3) << 30 | uint64_t(7) << 46 | uint64_t(0x3FF) << 52;
    if ((descriptor & reserved) != 0) {
        throw Fault("wgmma operand's descriptor with reserved bits set");
    }
}

// A warp has rows 16 w to 16 w + 15 of A and the sums. Within them a lane's row is l / 4, or that + 8; PTX ISA, "Matrix
// Fragments for wgmma.mma_async.m64nNk32", the figures of A and D.
void PendingProducts::multiply(Warp& warp, const Product& product) {
    check_descriptor(product.descriptor);
    const std::vector<uint32_t>& operands = product.instruction->operands;
    int8_t a[16][INPUTS], b[COLUMNS][INPUTS];
    for_each(ALL_LANES, [&](unsigned lane) {
        for (unsigned i = 0; i < 4; i++) {
            const uint32_t bytes = get<uint32_t>(warp, operands[SUMS + i], lane);
            std::memcpy(&a[lane / 4 + i % 2 * 8][i / 2 * 16 + lane % 4 * 4], &bytes, sizeof bytes);
        }
    });
    for (uint32_t column = 0; column < COLUMNS; column++) {
        for (uint32_t chunk = 0; chunk < 2; chunk++) {
            const uint32_t address = b_address(product.descriptor, column, chunk);
            std::memcpy(&b[column][16 * chunk], warp.block.shared.read_async(address, 16), 16);
        }
    }
    for_each(ALL_LANES, [&](unsigned lane) {
        for (unsigned i = 0; i < SUMS; i++) {
            const unsigned row = lane / 4 + i / 2 % 2 * 8, column = i / 4 * 8 + lane % 4 * 2 + i % 2;
            product.sums->values[lane][i] += (uint32_t)dot32(a[row], b[column]);
        }
    });
}

} // namespace interpreter
