#include "text/generate_samples.h"

#include <llama.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <stdexcept>

#include "common/native/llama_model.h"
#include "common/native/workers.h"

namespace mixllm {

namespace {

constexpr int32_t parallel_sequences = 32; // a weight read serves this many; the cache of keys and values grows with it

struct FreeBatch {
    void operator()(llama_batch* batch) const { llama_batch_free(*batch); }
};

/// A uniform number in [0, 1) made from a generator's bits alone, so that every standard library gives the same.
double uniform(std::mt19937_64& generator) {
    return static_cast<double>(generator() >> 11) * 0x1.0p-53;
}

int32_t draw(const float* logits, int32_t count, double at) {
    const float largest = *std::max_element(logits, logits + count);
    std::vector<double> cumulative(static_cast<size_t>(count));
    double sum = 0.0;
    for (int32_t i = 0; i < count; i++) {
        sum += std::exp(static_cast<double>(logits[i] - largest));
        cumulative[static_cast<size_t>(i)] = sum;
    }
    const auto found = std::upper_bound(cumulative.begin(), cumulative.end(), at * sum);
    return std::min(count - 1, static_cast<int32_t>(found - cumulative.begin()));
}

} // namespace

std::vector<int32_t> generate_samples(const std::string& path, int32_t samples, int32_t length, uint64_t seed,
                                      int threads, JobControl& control) {
    const Workers workers(threads, control);
    const ModelHandle model = load_model(path, llama_model_default_params(), control);
    const llama_vocab* vocab = llama_model_get_vocab(model.get());
    const int32_t vocabulary = llama_vocab_n_tokens(vocab);
    const llama_token bos = llama_vocab_get_add_bos(vocab) ? llama_vocab_bos(vocab) : -1;

    std::vector<int32_t> tokens(static_cast<size_t>(samples) * static_cast<size_t>(length));
    for (int32_t first = 0; first < samples; first += parallel_sequences) {
        const int32_t sequences = std::min(parallel_sequences, samples - first);
        llama_context_params params = llama_context_default_params();
        params.n_ctx = static_cast<uint32_t>(sequences * length);
        params.n_batch = static_cast<uint32_t>(sequences);
        params.n_seq_max = static_cast<uint32_t>(sequences);
        params.n_threads = threads;
        params.n_threads_batch = threads;
        const ContextHandle context = create_context(model.get(), params, path);
        set_abort(context.get(), &control);

        std::vector<std::mt19937_64> generators; // one a sequence: what is drawn does not depend on the others
        for (int32_t s = 0; s < sequences; s++) {
            generators.emplace_back(seed + static_cast<uint64_t>(first + s));
            int32_t* sequence = tokens.data() + static_cast<size_t>(first + s) * static_cast<size_t>(length);
            sequence[0] = bos >= 0 ? bos : static_cast<int32_t>(uniform(generators.back()) * vocabulary);
        }
        llama_batch batch = llama_batch_init(sequences, 0, 1);
        const std::unique_ptr<llama_batch, FreeBatch> free_batch(&batch);
        for (int32_t position = 0; position + 1 < length; position++) {
            batch.n_tokens = sequences;
            for (int32_t s = 0; s < sequences; s++) {
                batch.token[s] = tokens[static_cast<size_t>(first + s) * static_cast<size_t>(length) +
                                        static_cast<size_t>(position)];
                batch.pos[s] = position;
                batch.n_seq_id[s] = 1;
                batch.seq_id[s][0] = s;
                batch.logits[s] = 1;
            }
            const int32_t status = llama_decode(context.get(), batch);
            control.throw_if_canceled();
            if (status != 0) {
                throw std::runtime_error("llama.cpp could not run the model");
            }
            workers.for_each(static_cast<size_t>(sequences), [&](size_t s) {
                int32_t* sequence = tokens.data() + (static_cast<size_t>(first) + s) * static_cast<size_t>(length);
                const double at = uniform(generators[s]);
                const bool ended = bos >= 0 && llama_vocab_is_eog(vocab, sequence[position]);
                sequence[position + 1] =
                    ended ? bos : draw(llama_get_logits_ith(context.get(), static_cast<int32_t>(s)), vocabulary, at);
            });
            const double drawn = static_cast<double>(first) * length + static_cast<double>(sequences) * (position + 2);
            control.report(drawn, static_cast<double>(tokens.size()));
        }
    }
    return tokens;
}

} // namespace mixllm
