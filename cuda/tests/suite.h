#pragma once

#include <functional>
#include <string>
#include <vector>

// Counts cases and prints those that fail.
class Suite {
public:
    // Runs one case: `body` returns what went wrong, or nothing; what it throws went wrong too.
    void run(const std::string& name, const std::function<std::string()>& body);

    // Counts one that does not run here.
    void skip() { skipped_cases++; }

    int cases() const { return run_cases; }
    int failures() const { return failed_cases; }
    int skipped() const { return skipped_cases; }

private:
    int offered_cases = 0;
    int run_cases = 0;
    int failed_cases = 0;
    int skipped_cases = 0;
};

void test_checker(Suite& suite);
void test_instructions(Suite& suite);
void test_interpreter(Suite& suite);
void test_quantize(Suite& suite);
void test_mul_mat(Suite& suite);
void test_experts(Suite& suite);

struct TestPart {
    const char* name;
    void (*test)(Suite&);
};

// Runs the parts and prints what came of each. Returns the process's exit status.
int run_parts(const std::vector<TestPart>& parts);
