#pragma once

#include "logits.h"

#include <cstdio>
#include <string>

inline int passed = 0, failed = 0;

// Counts one check, and says with llama.cpp's log what failed.
inline void check(bool ok, const std::string& what) {
    (ok ? passed : failed)++;
    if (!ok) {
        fprintf(stderr, "FAILED: %s\n%s\n", what.c_str(), log_text.c_str());
    }
}

// The program's exit code.
inline int report_checks() {
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
