#include "synthetic/write_synthetic_model.h"

#include "common/format/mixllm_format.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <ggml.h>
#include <gguf.h>
#include <llama.h>
#include <memory>
#include <numeric>
#include <utility>

#include "common/native/workers.h"
#include "synthetic/fill_rows.h"
#include "synthetic/plan_model.h"

namespace mixllm {

namespace {

/// How many bytes are made before they are written.
constexpr size_t block_bytes = 16 << 20;

using Metadata = std::unique_ptr<gguf_context, decltype(&gguf_free)>;

std::vector<const char*> pointers(const std::vector<std::string>& strings) {
    std::vector<const char*> result;
    for (const std::string& text : strings) {
        result.push_back(text.c_str());
    }
    return result;
}

void set_vocabulary(gguf_context* gguf, const SyntheticModel& model) {
    gguf_set_val_str(gguf, "tokenizer.ggml.model", "gpt2");
    gguf_set_val_str(gguf, "tokenizer.ggml.pre", "llama-bpe");
    gguf_set_arr_str(gguf, "tokenizer.ggml.tokens", pointers(model.tokens).data(), model.tokens.size());
    gguf_set_arr_data(gguf, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, model.token_types.data(),
                      model.token_types.size());
    gguf_set_arr_str(gguf, "tokenizer.ggml.merges", pointers(model.merges).data(), model.merges.size());
    gguf_set_val_u32(gguf, "tokenizer.ggml.bos_token_id", model.bos);
    gguf_set_val_u32(gguf, "tokenizer.ggml.eos_token_id", model.eos);
    gguf_set_val_bool(gguf, "tokenizer.ggml.add_bos_token", true);
}

void set_mix_llm(gguf_context* gguf, const std::vector<PlannedTensor>& tensors) {
    double bits = 0;
    double weights = 0;
    double channels = 0;
    double channels8 = 0;
    for (const PlannedTensor& tensor : tensors) {
        const double rows = tensor.shape.size() > 1 ? static_cast<double>(tensor.shape[1]) : 1;
        const double bytes = static_cast<double>(ggml_row_size(tensor.type, tensor.shape[0])) * rows;
        switch (tensor.filling) {
        case Filling::Constant:
        case Filling::Weights:
            continue;
        case Filling::Nibbles:
            weights += static_cast<double>(2 * tensor.shape[0]) * rows;
            break;
        case Filling::Quants8:
            weights += static_cast<double>(tensor.shape[0]) * rows;
            break;
        case Filling::Mask:
            channels += static_cast<double>(8 * tensor.shape[0]) * rows;
            channels8 += static_cast<double>(tensor.channels8) * rows;
            break;
        case Filling::Scales4:
        case Filling::Scales8:
        case Filling::ZeroPoints:
            break;
        }
        bits += 8 * bytes;
    }
    gguf_set_val_u32(gguf, "mixllm.version", MIXLLM_FORMAT_VERSION);
    gguf_set_val_u32(gguf, "mixllm.group_size", MIXLLM_GROUP_SIZE);
    gguf_set_val_f32(gguf, "mixllm.bits_per_weight", static_cast<float>(bits / weights));
    gguf_set_val_f32(gguf, "mixllm.percent_8bit", static_cast<float>(100 * channels8 / channels));
    gguf_set_val_str(gguf, "mixllm.method", "rtn");
    gguf_set_val_str(gguf, "mixllm.search", "none");
    gguf_set_val_str(gguf, "mixllm.calibration", "none");
    gguf_set_val_str(gguf, "mixllm.source", "random weights of mixllm-bench synthesize");
}

/// The file's header, and what it lists.
struct Header {
    Metadata gguf;
    std::vector<PlannedTensor> tensors;
};

Header make_header(const SyntheticModel& model) {
    Metadata gguf(gguf_init_empty(), gguf_free);
    gguf_set_val_str(gguf.get(), "general.architecture", model.architecture.c_str());
    gguf_set_val_str(gguf.get(), "general.type", "model");
    gguf_set_val_str(gguf.get(), "general.name", model.name.c_str());
    // As in converter/output/provenance.ts: no stock type is MixLLM.
    const uint32_t no_stock_type = 1023;
    gguf_set_val_u32(gguf.get(), "general.file_type", model.mixed ? no_stock_type : LLAMA_FTYPE_MOSTLY_F16);
    gguf_set_val_u32(gguf.get(), "general.quantization_version", GGML_QNT_VERSION);
    std::vector<PlannedTensor> tensors = plan_model(model, gguf.get());
    set_vocabulary(gguf.get(), model);
    if (model.mixed) {
        set_mix_llm(gguf.get(), tensors);
    }

    // ggml describes a tensor to gguf by a tensor of its own, without data.
    const ggml_init_params params = {tensors.size() * ggml_tensor_overhead(), nullptr, true};
    const std::unique_ptr<ggml_context, decltype(&ggml_free)> shapes(ggml_init(params), ggml_free);
    for (const PlannedTensor& tensor : tensors) {
        ggml_tensor* shape =
            ggml_new_tensor(shapes.get(), tensor.type, static_cast<int>(tensor.shape.size()), tensor.shape.data());
        ggml_set_name(shape, tensor.name.c_str());
        gguf_add_tensor(gguf.get(), shape);
    }
    return {std::move(gguf), std::move(tensors)};
}

/// The file under way; every failure names it.
class Output {
public:
    explicit Output(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "wb"), std::fclose) {
        if (file_ == nullptr) {
            fail();
        }
    }

    FILE* get() const { return file_.get(); }

    void write(const void* data, size_t size) {
        if (std::fwrite(data, 1, size, file_.get()) != size) {
            fail();
        }
    }

    void close() {
        if (std::fclose(file_.release()) != 0) {
            fail();
        }
    }

    [[noreturn]] void fail() const { throw InputError("cannot write " + path_ + ": " + std::strerror(errno)); }

private:
    std::string path_;
    std::unique_ptr<FILE, int (*)(FILE*)> file_;
};

void check_room(const std::string& path, uint64_t needed) {
    std::error_code error;
    const std::filesystem::path folder = std::filesystem::absolute(path, error).parent_path();
    const std::filesystem::space_info space = std::filesystem::space(folder, error);
    if (!error && space.available < needed) {
        throw InputError("not enough room in " + folder.string() + ": the model takes " + std::to_string(needed >> 20) +
                         " MiB, " + std::to_string(space.available >> 20) + " MiB are free");
    }
}

} // namespace

void write_synthetic_model(const SyntheticModel& model, const std::string& path, int32_t threads, JobControl& control) {
    const auto [gguf, tensors] = make_header(model);
    const size_t alignment = gguf_get_alignment(gguf.get());
    const size_t metadata_size = gguf_get_meta_size(gguf.get());
    const auto last = static_cast<int64_t>(tensors.size()) - 1;
    const size_t data_size =
        GGML_PAD(gguf_get_tensor_offset(gguf.get(), last) + gguf_get_tensor_size(gguf.get(), last), alignment);
    check_room(path, metadata_size + (model.header_only ? 0 : data_size));

    const Workers workers(threads, control);
    Output output(path);
    std::vector<uint8_t> metadata(metadata_size);
    gguf_get_meta_data(gguf.get(), metadata.data());
    output.write(metadata.data(), metadata.size());
    if (model.header_only) {
        output.close();
        std::filesystem::resize_file(std::filesystem::u8path(path), metadata_size + data_size);
        return;
    }
    std::vector<uint8_t> block;
    size_t written = 0;
    for (const PlannedTensor& tensor : tensors) {
        const size_t row_bytes = ggml_row_size(tensor.type, tensor.shape[0]);
        const int64_t rows =
            std::accumulate(tensor.shape.begin() + 1, tensor.shape.end(), int64_t{1}, std::multiplies<>());
        const int64_t rows_a_block = std::max<int64_t>(1, static_cast<int64_t>(block_bytes / row_bytes));
        for (int64_t row = 0; row < rows; row += rows_a_block) {
            const int64_t count = std::min(rows_a_block, rows - row);
            block.resize(static_cast<size_t>(count) * row_bytes);
            workers.for_each_block(static_cast<size_t>(count), rows_per_block, [&](size_t begin, size_t end) {
                fill_rows(tensor, row + static_cast<int64_t>(begin), static_cast<int64_t>(end - begin),
                          block.data() + begin * row_bytes);
            });
            output.write(block.data(), block.size());
            written += block.size();
            control.report(static_cast<double>(written), static_cast<double>(data_size));
        }
        const std::vector<uint8_t> padding(GGML_PAD(written, alignment) - written);
        output.write(padding.data(), padding.size());
        written += padding.size();
    }
    output.close();
}

} // namespace mixllm
