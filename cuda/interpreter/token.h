#pragma once

#include <stdint.h>
#include <string>
#include <vector>

namespace interpreter {

struct Token {
    enum Kind { word, number, text, mark, end } kind; // number: an integer, or a float as 0f and its bits
    std::string spelling;
    uint64_t value; // of a number
    uint32_t line;
};

// Comments are left out; the last token is of kind end. Throws Fault.
std::vector<Token> tokenize(const std::string& ptx);

} // namespace interpreter
