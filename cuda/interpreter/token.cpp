#include "interpreter/token.h"

#include "interpreter/fault.h"

#include <algorithm>
#include <cctype>

namespace interpreter {

static bool in_word(char c) {
    return std::isalnum((unsigned char)c) != 0 || c == '_' || c == '$' || c == '%' || c == '.';
}

static Token number_of(const std::string& spelling, uint32_t line) {
    Token token = {Token::number, spelling, 0, line};
    size_t used = 0;
    try {
        if (spelling.size() == 10 && spelling[0] == '0' && (spelling[1] == 'f' || spelling[1] == 'F')) {
            token.value = std::stoull(spelling.substr(2), &used, 16);
            used += 2;
        } else {
            token.value = std::stoull(spelling, &used, 0);
        }
    } catch (const std::exception&) {
    }
    if (used != spelling.size()) {
        token.kind = Token::word; // .version 9.0
    }
    return token;
}

std::vector<Token> tokenize(const std::string& ptx) {
    std::vector<Token> tokens;
    uint32_t line = 1;
    for (size_t i = 0; i < ptx.size();) {
        const char c = ptx[i];
        if (c == '\n') {
            line++;
            i++;
        } else if (std::isspace((unsigned char)c) != 0) {
            i++;
        } else if (ptx.compare(i, 2, "//") == 0) {
            i = std::min(ptx.find('\n', i), ptx.size());
        } else if (c == '"') {
            const size_t close = std::min(ptx.find('"', i + 1), ptx.size() - 1);
            tokens.push_back({Token::text, ptx.substr(i, close + 1 - i), 0, line});
            i = close + 1;
        } else if (in_word(c)) {
            size_t close = i;
            while (close < ptx.size() && (in_word(ptx[close]) || ptx.compare(close, 2, "::") == 0)) {
                close += ptx[close] == ':' ? 2 : 1;
            }
            const std::string spelling = ptx.substr(i, close - i);
            tokens.push_back(std::isdigit((unsigned char)c) != 0 ? number_of(spelling, line)
                                                                 : Token{Token::word, spelling, 0, line});
            i = close;
        } else {
            tokens.push_back({Token::mark, std::string(1, c), 0, line});
            i++;
        }
    }
    tokens.push_back({Token::end, "end of file", 0, line});
    return tokens;
}

} // namespace interpreter
