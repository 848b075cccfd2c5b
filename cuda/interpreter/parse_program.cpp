#include "interpreter/check_wgmma_fences.h"
#include "interpreter/fault.h"
#include "interpreter/opcode.h"
#include "interpreter/program.h"
#include "interpreter/token.h"

#include <algorithm>
#include <sstream>

namespace interpreter {

namespace {

struct Register {
    bool predicate;
    uint32_t at; // row or number
    uint32_t lane_bytes;
};

struct Symbol {
    char space; // S or P, as in signatures
    uint32_t address;
};

// A brace's names; nvcc leaves those of inline assembly in braces of their own.
struct Scope {
    std::map<std::string, Register> registers;
    std::map<std::string, uint32_t> labels;
    std::vector<std::pair<size_t, std::string>> branches; // by instruction, to be resolved when the scope ends
};

struct Operand {
    Token base;
    bool address = false;
    int64_t offset = 0;
    bool negative = false; // of a number
};

class Parser {
public:
    explicit Parser(const std::string& ptx) : tokens(tokenize(ptx)) {
        std::istringstream in(ptx);
        for (std::string line; std::getline(in, line);) {
            program.lines.push_back(line);
        }
    }

    Program run() {
        while (peek().kind != Token::end) {
            directive();
        }
        return std::move(program);
    }

private:
    const Token& peek() const { return tokens[position]; }

    bool at(const char* spelling) const { return peek().spelling == spelling; }

    Token take() {
        if (peek().kind == Token::end) {
            fail("ends too early", peek().line);
        }
        return tokens[position++];
    }

    bool accept(const char* spelling) {
        const bool found = at(spelling);
        position += found ? 1 : 0;
        return found;
    }

    [[noreturn]] void fail(const std::string& what, uint32_t line) const {
        throw Fault("PTX line " + std::to_string(line) + ": " + what +
                    (line <= program.lines.size() ? ": " + program.lines[line - 1] : ""));
    }

    Token expect(const char* spelling) {
        if (!at(spelling)) {
            fail(std::string("expected ") + spelling + " and not " + peek().spelling, peek().line);
        }
        return take();
    }

    uint32_t expect_number() {
        if (peek().kind != Token::number) {
            fail("expected a number", peek().line);
        }
        return (uint32_t)take().value;
    }

    void directive() {
        const Token token = take();
        if (token.spelling == ".version" || token.spelling == ".address_size") {
            take();
        } else if (token.spelling == ".target") {
            program.target = take().spelling;
        } else if (token.spelling == ".extern") {
            extern_shared();
        } else if (token.spelling == ".entry") {
            entry();
        } else if (token.spelling != ".visible" && token.spelling != ".weak") {
            fail("unknown directive", token.line);
        }
    }

    // .extern .shared .align 1024 .b8 name[];
    void extern_shared() {
        expect(".shared");
        expect(".align");
        if (SHARED_BASE % expect_number() != 0) {
            fail("shared memory begins at a multiple of 1024 here", peek().line);
        }
        expect(".b8");
        symbols[take().spelling] = {'S', SHARED_BASE};
        expect("[");
        expect("]");
        expect(";");
    }

    void entry() {
        kernel = Kernel();
        constants.clear();
        kernel.name = take().spelling;
        if (accept("(")) {
            do {
                parameter();
            } while (accept(","));
            expect(")");
        }
        while (!at("{")) {
            performance_directive();
        }
        expect("{");
        scopes.emplace_back();
        while (!scopes.empty()) {
            statement();
        }
        check_wgmma_fences(kernel);
        program.kernels[kernel.name] = kernel;
    }

    // .param .align 8 .b8 name[16]
    void parameter() {
        expect(".param");
        uint32_t alignment = 0;
        if (accept(".align")) {
            alignment = expect_number();
        }
        const Token type = take();
        uint32_t bytes = bits_of(type) / 8;
        alignment = std::max(alignment, bytes);
        const std::string name = take().spelling;
        if (accept("[")) {
            bytes *= expect_number();
            expect("]");
        }
        const uint32_t offset = (kernel.parameter_bytes + alignment - 1) / alignment * alignment;
        kernel.parameters.push_back({offset, bytes});
        kernel.parameter_bytes = offset + bytes;
        symbols[name] = {'P', offset};
    }

    uint32_t bits_of(const Token& type) const {
        const size_t digits = type.spelling.find_first_of("0123456789");
        if (type.spelling[0] != '.' || digits == std::string::npos) {
            fail("unknown type", type.line);
        }
        return (uint32_t)std::stoul(type.spelling.substr(digits));
    }

    void performance_directive() {
        const Token token = take();
        if (token.spelling == ".maxntid") {
            kernel.most_threads = expect_number();
            while (accept(",")) {
                kernel.most_threads *= expect_number();
            }
        } else if (token.spelling == ".minnctapersm") {
            expect_number();
        } else {
            fail("unknown directive", token.line);
        }
    }

    void statement() {
        if (accept("{")) {
            scopes.emplace_back();
        } else if (accept("}")) {
            close_scope();
        } else if (accept(".reg")) {
            declare_registers();
        } else if (accept(".pragma")) {
            take();
            expect(";");
        } else if (tokens[std::min(position + 1, tokens.size() - 1)].spelling == ":") {
            scopes.back().labels[take().spelling] = (uint32_t)kernel.instructions.size();
            expect(":");
        } else {
            instruction();
        }
    }

    void close_scope() {
        const Scope scope = scopes.back();
        scopes.pop_back();
        for (const auto& branch : scope.branches) {
            const auto label = scope.labels.find(branch.second);
            if (label != scope.labels.end()) {
                kernel.instructions[branch.first].target = label->second;
            } else if (!scopes.empty()) {
                scopes.back().branches.push_back(branch);
            } else {
                fail("no label " + branch.second, kernel.instructions[branch.first].line);
            }
        }
        if (scopes.empty()) {
            Instruction last;
            last.flow = Flow::exit;
            last.line = tokens[position - 1].line;
            kernel.instructions.push_back(last);
        }
    }

    // .reg .b32 %r<6>; or .reg .pred name;
    void declare_registers() {
        const Token type = take();
        const bool predicate = type.spelling == ".pred";
        const uint32_t lane_bytes = predicate ? 0 : bits_of(type) == 64 ? 8 : 4;
        const std::string name = take().spelling;
        if (accept("<")) {
            const uint32_t count = expect_number();
            expect(">");
            for (uint32_t i = 0; i < count; i++) {
                scopes.back().registers[name + std::to_string(i)] = new_register(predicate, lane_bytes);
            }
        } else {
            scopes.back().registers[name] = new_register(predicate, lane_bytes);
        }
        expect(";");
    }

    Register new_register(bool predicate, uint32_t lane_bytes) {
        return {predicate, predicate ? kernel.predicates++ : new_row(lane_bytes), lane_bytes};
    }

    uint32_t new_row(uint32_t lane_bytes) {
        const uint32_t row = kernel.register_bytes;
        kernel.register_bytes += WARP_LANES * lane_bytes;
        return row;
    }

    const Register* find_register(const std::string& name) const {
        for (size_t i = scopes.size(); i-- > 0;) {
            const auto found = scopes[i].registers.find(name);
            if (found != scopes[i].registers.end()) {
                return &found->second;
            }
        }
        return nullptr;
    }

    void instruction() {
        Instruction result;
        result.line = peek().line;
        if (accept("@")) {
            result.guard_negated = accept("!");
            const Register* guard = find_register(take().spelling);
            if (guard == nullptr || !guard->predicate) {
                fail("unknown predicate", result.line);
            }
            result.guard = (int)guard->at;
        }
        const Token opcode = take();
        const std::vector<Operand> operands = operand_list();
        if (opcode.spelling == "bra" || opcode.spelling == "bra.uni") {
            result.flow = Flow::branch;
            if (operands.size() != 1) {
                fail("a branch has one target", result.line);
            }
            scopes.back().branches.emplace_back(kernel.instructions.size(), operands[0].base.spelling);
        } else if (opcode.spelling == "ret" || opcode.spelling == "exit") {
            result.flow = Flow::exit;
        } else {
            for (const Opcode* known : find_opcodes(opcode.spelling)) {
                if (fits(known->signature, operands)) {
                    result.opcode = known;
                }
            }
            if (result.opcode == nullptr) {
                fail("unknown instruction, or unknown with these operands", result.line);
            }
            for (size_t i = 0; i < operands.size(); i++) {
                resolve(result, result.opcode->signature[i], operands[i]);
            }
        }
        kernel.instructions.push_back(result);
    }

    std::vector<Operand> operand_list() {
        std::vector<Operand> operands;
        while (!accept(";")) {
            if (accept(",") || accept("|") || accept("{") || accept("}")) {
                continue;
            }
            Operand operand;
            if (accept("[")) {
                operand.address = true;
                operand.base = take();
                if (accept("+")) {
                    const bool negative = accept("-");
                    operand.offset = (int64_t)take().value * (negative ? -1 : 1);
                }
                expect("]");
            } else {
                operand.negative = accept("-");
                operand.base = take();
            }
            operands.push_back(operand);
        }
        return operands;
    }

    bool fits(const std::string& signature, const std::vector<Operand>& operands) const {
        if (signature.size() != operands.size()) {
            return false;
        }
        for (size_t i = 0; i < operands.size(); i++) {
            if (!fits(signature[i], operands[i])) {
                return false;
            }
        }
        return true;
    }

    static bool is_address(char kind) { return kind == 'S' || kind == 'G' || kind == 'P'; }

    static uint32_t lane_bytes_of(char kind) { return kind == 'w' || kind == 'W' || kind == 'S' ? 4 : 8; }

    bool fits(char kind, const Operand& operand) const {
        const std::string& name = operand.base.spelling;
        if (kind == '_' || is_address(kind) != operand.address) {
            return kind == '_' && name == "_";
        }
        const Register* found = find_register(name);
        if (found != nullptr) {
            return kind == 'p' ? found->predicate : !found->predicate && found->lane_bytes == lane_bytes_of(kind);
        }
        if (kind == 'p' || kind == 'W' || kind == 'D') {
            return false;
        }
        const auto symbol = symbols.find(name);
        if (symbol != symbols.end()) {
            return !operand.address || symbol->second.space == kind;
        }
        return operand.base.kind == Token::number || (kind == 'w' && specials().count(name) == 1);
    }

    // Of an operand that fits.
    void resolve(Instruction& result, char kind, const Operand& operand) {
        if (kind == '_') {
            return;
        }
        const Token& base = operand.base;
        const uint32_t lane_bytes = lane_bytes_of(kind);
        if (const Register* found = find_register(base.spelling)) {
            result.operands.push_back(found->at);
        } else if (base.kind == Token::number) {
            result.operands.push_back(constant(lane_bytes, operand.negative ? 0 - base.value : base.value));
        } else if (symbols.count(base.spelling) == 1) {
            result.operands.push_back(constant(lane_bytes, symbols[base.spelling].address));
        } else {
            result.operands.push_back(special(specials().at(base.spelling)));
        }
        if (is_address(kind)) {
            result.operands.push_back((uint32_t)(int32_t)operand.offset);
        }
    }

    static const std::map<std::string, Special>& specials() {
        static const std::map<std::string, Special> names = {{"%tid.x", Special::thread},
                                                             {"%ctaid.x", Special::block},
                                                             {"%ntid.x", Special::block_threads},
                                                             {"%nctaid.x", Special::blocks},
                                                             {"%laneid", Special::lane}};
        return names;
    }

    uint32_t special(Special which) {
        const auto known = kernel.specials.find(which);
        return known != kernel.specials.end() ? known->second : kernel.specials[which] = new_row(4);
    }

    uint32_t constant(uint32_t lane_bytes, uint64_t value) {
        const auto key = std::make_pair(lane_bytes, value);
        const auto known = constants.find(key);
        if (known != constants.end()) {
            return known->second;
        }
        const uint32_t row = new_row(lane_bytes);
        kernel.constants.push_back({row, lane_bytes, value});
        return constants[key] = row;
    }

    std::vector<Token> tokens;
    size_t position = 0;
    Program program;
    Kernel kernel; // being read
    std::vector<Scope> scopes;
    std::map<std::string, Symbol> symbols;
    std::map<std::pair<uint32_t, uint64_t>, uint32_t> constants; // rows, by size and value
};

} // namespace

Program parse_program(const std::string& ptx) {
    return Parser(ptx).run();
}

} // namespace interpreter
