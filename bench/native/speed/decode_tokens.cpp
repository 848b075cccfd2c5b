#include "speed/decode_tokens.h"

#include <algorithm>
#include <stdexcept>

#include "job/stopwatch.h"

double decode_tokens(llama_context* context, std::vector<llama_token>& tokens, int32_t batch, const std::string& path,
                     JobControl& control) {
    const auto is_canceled = [](void* data) { return static_cast<JobControl*>(data)->canceled(); };
    llama_set_abort_callback(context, is_canceled, &control);
    const auto count = static_cast<int32_t>(tokens.size());
    int32_t status = 0;
    const Stopwatch stopwatch;
    for (int32_t done = 0; done < count && status == 0; done += batch) {
        status = llama_decode(context, llama_batch_get_one(tokens.data() + done, std::min(batch, count - done)));
        llama_synchronize(context);
    }
    const double seconds = stopwatch.seconds();
    llama_set_abort_callback(context, nullptr, nullptr);
    control.throw_if_canceled();
    if (status != 0) {
        throw std::runtime_error("llama.cpp could not decode a batch of " + path + " (status " +
                                 std::to_string(status) + ")");
    }
    return seconds;
}
