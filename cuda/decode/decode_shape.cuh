#pragma once

// What a block of the decode kernel computes, and with how many warps at most, which share the groups.
enum { DECODE_ROWS = 16, DECODE_WARPS = 8, DECODE_TOKENS = 8 };

// With how many it computes rows of an expert, whose K is small but whose row tiles are many: each warp is to have at
// least 3 groups on the way where it can, and a multiprocessor runs the more blocks instead.
constexpr int expert_decode_warps(int groups) {
    return groups >= 24 ? DECODE_WARPS : groups >= 12 ? DECODE_WARPS / 2 : DECODE_WARPS / 4;
}
