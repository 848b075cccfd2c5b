#pragma once

#include <vector>

// Groups first, first + step, ... below last.
inline std::vector<int> range(int first, int last, int step = 1) {
    std::vector<int> groups;
    for (int g = first; g < last; g += step) {
        groups.push_back(g);
    }
    return groups;
}

// How the decode kernel adds up: a partial sum a warp.
inline std::vector<std::vector<int>> decode_order(int groups, int warps) {
    std::vector<std::vector<int>> parts;
    for (int warp = 0; warp < warps; warp++) {
        parts.push_back(range(warp, groups, warps));
    }
    return parts;
}
