#pragma once

// What a block of the decode kernel computes, and with how many warps, which share the groups.
enum { DECODE_ROWS = 16, DECODE_WARPS = 8, DECODE_TOKENS = 8 };
