#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

namespace mixllm {

/**
 * Float activations of all samples in one file, sample after sample.
 *
 * They live in files because a model's layer inputs together exceed memory; the operating system's page cache keeps
 * what fits. A new file has the name `path + ".partial"` until `finish`, so a file under its own name is whole; one
 * that is not finished is removed.
 */
class ActivationFile {
public:
    /// Opens an existing file. @throws std::runtime_error when it cannot be read or has another size
    static ActivationFile open(const std::string& path, int64_t floats);

    /// Starts a new file. @throws std::runtime_error when it cannot be created
    static ActivationFile create(const std::string& path);

    /// Reads `count` floats from float `first` on. @throws std::runtime_error on failure
    void read(int64_t first, int64_t count, float* out);

    /// Appends. @throws std::runtime_error on failure, a full disk included
    void append(const float* values, int64_t count);

    /// Closes a new file and gives it its name. @throws std::runtime_error on failure
    void finish();

private:
    struct Close {
        std::string partial; ///< path of a new file, to be removed with it; empty for another
        void operator()(std::FILE* file) const;
    };

    ActivationFile(std::string path, std::FILE* file, std::string partial)
        : path_(std::move(path)), file_(file, Close{std::move(partial)}) {}

    std::string path_;
    std::unique_ptr<std::FILE, Close> file_;
};

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

    int64_t offset(int64_t row) const { return row * static_cast<int64_t>(columns_ * sizeof(float)); }

    std::string path_;
    size_t columns_;
    std::unique_ptr<std::FILE, Remove> file_;
};

} // namespace mixllm
