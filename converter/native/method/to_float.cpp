#include "to_float.h"

#include <cstring>
#include <stdexcept>
#include <string>

#include "parallel.h"

namespace mixllm {

void to_float(const WeightSource& source, int64_t first, int64_t count, float* out, int threads) {
    if (source.type != GGML_TYPE_F32 && source.type != GGML_TYPE_F16 && source.type != GGML_TYPE_BF16) {
        throw std::runtime_error(std::string("a weight of type ") + ggml_type_name(source.type) +
                                 " cannot be quantized; F32, F16 and BF16 can");
    }
    const size_t element = ggml_type_size(source.type);
    const char* data = static_cast<const char*>(source.data) + static_cast<size_t>(first) * element;
    parallel_blocks(threads, static_cast<size_t>(count), 1 << 16, [&](size_t begin, size_t end) {
        if (source.type == GGML_TYPE_F32) {
            std::memcpy(out + begin, data + begin * element, (end - begin) * element);
        } else {
            ggml_get_type_traits(source.type)
                ->to_float(data + begin * element, out + begin, static_cast<int64_t>(end - begin));
        }
    });
}

} // namespace mixllm
