#ifndef MIXLLM_TEST_SUITE_H
#define MIXLLM_TEST_SUITE_H

#include <functional>
#include <string>

// Counts cases and prints those that fail.
class Suite {
public:
    // Runs one case: `body` returns what went wrong, or nothing; what it throws went wrong too.
    void run(const std::string& name, const std::function<std::string()>& body);

    int cases() const { return run_cases; }
    int failures() const { return failed_cases; }

private:
    int run_cases = 0;
    int failed_cases = 0;
};

void test_checker(Suite& suite);
void test_quantize(Suite& suite);
void test_mul_mat(Suite& suite);

#endif
