#pragma once

#include <vector>

namespace mixllm {

/**
 * The shares of a group's range that are tried as the range of its grid; the one that leaves the least error is taken.
 *
 * An error is of integers that were rounded one after another, so that close shares err differently too, and each try
 * is worth something.
 */
struct ClipSearch {
    std::vector<float> ratios4; ///< of both ends of 4-bit rows alike
    std::vector<float> offsets; ///< then added to the low end's best share alone, and after it to the high end's
    std::vector<float> ratios8; ///< of 8-bit rows

    /// What every conversion tries; NOTES.md has the measurements behind it.
    static ClipSearch standard() {
        return {{1.0f, 0.97f, 0.94f, 0.91f, 0.88f, 0.85f, 0.82f},
                {-0.05f, -0.03f, -0.01f, 0.01f, 0.03f, 0.05f},
                {1.01f, 1.005f, 1.0f, 0.995f, 0.99f, 0.985f, 0.98f}};
    }
};

} // namespace mixllm
