// Loads and runs mutated MixLLM files, and computes the op on random weights, each case in a process of its own.
// Whatever a file holds, it must load and compute or be refused with a line on it: no signal, no sanitizer's report, no
// endless run.
//   mixllm-fuzz --seconds <how long> [--seed <of the first case>] [--cases <how many at most>] [--keep <folder>]
// A case that fails is named by its seed, by which --seed S --cases 1 repeats it; --keep keeps its file.

#include "../tests/logits.h"
#include "../tests/temporary_path.h"
#include "fuzz_op.h"
#include "ggml-backend.h"
#include "mutate_model.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

namespace {

// Sanitized and on a busy machine, a case takes up to a second.
constexpr unsigned CASE_SECONDS = 120;
// Exit codes of a case's process.
enum Outcome { REFUSED = 0, COMPUTED = 3, NOT_MIXLLM = 4, SILENT = 5 };

struct Options {
    double seconds = 10;
    unsigned seed = std::random_device{}();
    unsigned cases = ~0u;
    std::string keep;
};

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string name = argv[i];
        const char* value = argv[i + 1];
        if (name == "--seconds") {
            options.seconds = atof(value);
        } else if (name == "--seed") {
            options.seed = static_cast<unsigned>(strtoul(value, nullptr, 10));
        } else if (name == "--cases") {
            options.cases = static_cast<unsigned>(strtoul(value, nullptr, 10));
        } else if (name == "--keep") {
            options.keep = value;
        } else {
            fprintf(stderr, "mixllm-fuzz: unknown option %s\n", name.c_str());
            exit(2);
        }
    }
    return options;
}

// A file without the key is loaded as any other, and what becomes of it is upstream's affair.
bool is_mixllm(const std::string& path) {
    const gguf_ptr file(gguf_init_from_file(path.c_str(), {true, nullptr}), gguf_free);
    return file == nullptr || gguf_find_key(file.get(), "mixllm.version") >= 0;
}

Outcome load_and_compute(const std::string& path, std::mt19937& random) {
    LoadOptions options;
    options.mmap = random() % 2 != 0;
    options.tile = random() % 2 != 0;
    options.tokens = 1 + random() % 11;
    const model_ptr model = load(path, options);
    if (model == nullptr) {
        return log_text.empty() ? SILENT : REFUSED;
    }
    const llama_vocab* vocab = llama_model_get_vocab(model.get());
    if (llama_vocab_type(vocab) != LLAMA_VOCAB_TYPE_NONE) {
        const std::string text = "t1 t22 Hello, wörld\n\t\x01 ▁ 你好 \xf0\x9f\x98\x80 <0x0A> \xff";
        std::vector<llama_token> tokens(4096);
        for (const bool special : {false, true}) {
            const int n = llama_tokenize(vocab, text.c_str(), static_cast<int>(text.size()), tokens.data(),
                                         static_cast<int>(tokens.size()), special, special);
            std::vector<char> piece(65536);
            for (int i = 0; i < n; i++) {
                llama_token_to_piece(vocab, tokens[i], piece.data(), static_cast<int>(piece.size()), 0, special);
            }
        }
    }
    logits(path, options);
    return COMPUTED;
}

int run_case(unsigned seed, const std::string& path) {
    alarm(CASE_SECONDS);
    std::mt19937 random(seed);
    // The best instruction set of the machine, or a lesser one, whose kernels the sanitizers see.
    const char* sets[] = {"", "avx2", "portable"};
    setenv("MIXLLM_CPU_ISA", sets[random() % 3], 1);
    if (random() % 8 == 0) {
        fuzz_op(random);
        return COMPUTED;
    }
    Model model = sound_model(random);
    if (random() % 4 != 0) {
        mutate_model(model, random);
    }
    write_model(model, path);
    if (random() % 4 == 0) {
        mutate_file(path, random);
    }
    return is_mixllm(path) ? load_and_compute(path, random) : NOT_MIXLLM;
}

} // namespace

int main(int argc, char** argv) {
    const Options options = parse(argc, argv);
    const std::filesystem::path directory = temporary_path("fuzz");
    std::filesystem::create_directory(directory);
    const std::string path = (directory / "case.gguf").string();
    log_to_text();
    ggml_backend_load_all();

    const auto start = std::chrono::steady_clock::now();
    const auto elapsed = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    unsigned counts[8] = {}, failed = 0, done = 0;
    for (; done < options.cases && (done == 0 || elapsed() < options.seconds); done++) {
        const unsigned seed = options.seed + done;
        fflush(nullptr);
        const pid_t child = fork();
        if (child == 0) {
            _exit(run_case(seed, path));
        }
        int status = 0;
        waitpid(child, &status, 0);
        const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        if (code == REFUSED || code == COMPUTED || code == NOT_MIXLLM) {
            counts[code]++;
            continue;
        }
        failed++;
        const std::string how = WIFSIGNALED(status) ? std::string("signal ") + strsignal(WTERMSIG(status))
                                : code == SILENT    ? std::string("refused without a word")
                                                    : "exit code " + std::to_string(code);
        fprintf(stderr, "FAILED: seed %u: %s\n", seed, how.c_str());
        if (!options.keep.empty()) {
            std::filesystem::create_directories(options.keep);
            std::filesystem::copy_file(path, options.keep + "/" + std::to_string(seed) + ".gguf",
                                       std::filesystem::copy_options::overwrite_existing);
        }
    }
    std::filesystem::remove_all(directory);
    printf("%u cases from seed %u: %u computed, %u refused, %u not MixLLM any more, %u failed\n", done, options.seed,
           counts[COMPUTED], counts[REFUSED], counts[NOT_MIXLLM], failed);
    return failed == 0 ? 0 : 1;
}
