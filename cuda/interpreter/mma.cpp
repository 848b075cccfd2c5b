// PTX ISA, "ldmatrix" and "mma".

#include "interpreter/block.h"
#include "interpreter/dot.h"
#include "interpreter/lane_values.h"
#include "interpreter/opcode.h"

namespace interpreter {

namespace {

// Four matrices of 8 rows of 8 elements of 16 bits. Lanes 8m to 8m + 7 give the addresses of the rows of matrix m; of
// each, lane l receives in the m'th register elements 2 (l % 4) and 2 (l % 4) + 1 of row l / 4.
Step ldmatrix_x4(Warp& warp, const Instruction& instruction, Lanes lanes) {
    warp.require_all(lanes);
    const uint8_t* rows[WARP_LANES];
    for_each(ALL_LANES, [&](unsigned lane) {
        rows[lane] = warp.block.shared.read(get_address<uint32_t>(warp, instruction, 4, lane), 16, 16);
    });
    for_each(lanes, [&](unsigned lane) {
        for (unsigned matrix = 0; matrix < 4; matrix++) {
            uint32_t elements;
            std::memcpy(&elements, rows[8 * matrix + lane / 4] + 4 * (lane % 4), sizeof elements);
            set<uint32_t>(warp, instruction.operands[matrix], lane, elements);
        }
    });
    return Step::next;
}

// d, a, b, c: A is 16 x 32 of s8, B 32 x 8, C and D are 16 x 8 of s32. A lane's group is l / 4, its place in it l % 4.
Step mma_m16n8k32(Warp& warp, const Instruction& instruction, Lanes lanes) {
    warp.require_all(lanes);
    int8_t a[16][32], b[8][32]; // B by columns
    for_each(ALL_LANES, [&](unsigned lane) {
        const unsigned group = lane / 4, place = lane % 4;
        // Byte i of the registers of A in a row: row `group` in registers 0 and 2, `group` + 8 in 1 and 3; column 4
        // place
        // + i % 4, and 16 more in registers 2 and 3. Of B: column `group`, rows likewise, 16 more in register 1.
        for (unsigned i = 0; i < 16; i++) {
            a[group + i / 4 % 2 * 8][4 * place + i % 4 + i / 8 * 16] =
                (int8_t)(get<uint32_t>(warp, instruction.operands[4 + i / 4], lane) >> i % 4 * 8);
        }
        for (unsigned i = 0; i < 8; i++) {
            b[group][4 * place + i % 4 + i / 4 * 16] =
                (int8_t)(get<uint32_t>(warp, instruction.operands[8 + i / 4], lane) >> i % 4 * 8);
        }
    });
    for_each(lanes, [&](unsigned lane) {
        uint32_t d[4];
        for (unsigned i = 0; i < 4; i++) {
            const unsigned row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
            d[i] = get<uint32_t>(warp, instruction.operands[10 + i], lane) + (uint32_t)dot32(a[row], b[column]);
        }
        for (unsigned i = 0; i < 4; i++) {
            set<uint32_t>(warp, instruction.operands[i], lane, d[i]);
        }
    });
    return Step::next;
}

} // namespace

std::vector<Opcode> mma_opcodes() {
    return {
        {"ldmatrix.sync.aligned.m8n8.x4.shared.b16", "WWWWS", ldmatrix_x4},
        {"mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32", "WWWWwwwwwwwwww", mma_m16n8k32},
    };
}

} // namespace interpreter
