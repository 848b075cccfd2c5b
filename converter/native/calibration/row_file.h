#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

namespace mixllm {

/// Rows of floats in a temporary file, read and written in any order. It is removed with the object.
class RowFile {
public:
    /// @throws std::runtime_error when it cannot be created
    RowFile(const std::string& path, size_t columns);

    size_t columns() const { return columns_; }

    /// Writes `count` rows from row `first` on. @throws std::runtime_error on failure, a full disk included
    void write(int64_t first, int64_t count, const float* values);

    /// Reads `count` rows from row `first` on. @throws std::runtime_error on failure
    void read(int64_t first, int64_t count, float* out);

private:
    struct Remove {
        std::string path;
        void operator()(std::FILE* file) const;
    };

    void seek(int64_t row);

    std::string path_;
    size_t columns_;
    std::unique_ptr<std::FILE, Remove> file_;
};

} // namespace mixllm
