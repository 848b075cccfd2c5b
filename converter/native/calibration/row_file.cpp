#include "calibration/row_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace mixllm {

namespace {

[[noreturn]] void fail(const std::string& what, const std::string& path) {
    throw std::runtime_error("cannot " + what + " " + path + ": " + std::strerror(errno));
}

} // namespace

RowFile::RowFile(const std::string& path, size_t columns)
    : path_(path), columns_(columns), file_(std::fopen(path.c_str(), "w+b"), Remove{path}) {
    if (!file_) {
        fail("create", path);
    }
}

void RowFile::seek(int64_t row) {
    const int64_t offset = row * static_cast<int64_t>(columns_ * sizeof(float));
#ifdef _WIN32
    const int failed = _fseeki64(file_.get(), offset, SEEK_SET);
#else
    const int failed = fseeko(file_.get(), static_cast<off_t>(offset), SEEK_SET);
#endif
    if (failed != 0) {
        fail("use", path_);
    }
}

void RowFile::write(int64_t first, int64_t count, const float* values) {
    seek(first);
    const size_t size = static_cast<size_t>(count) * columns_;
    if (std::fwrite(values, sizeof(float), size, file_.get()) != size) {
        fail("write", path_);
    }
}

void RowFile::read(int64_t first, int64_t count, float* out) {
    seek(first);
    const size_t size = static_cast<size_t>(count) * columns_;
    if (std::fread(out, sizeof(float), size, file_.get()) != size) {
        fail("read", path_);
    }
}

void RowFile::Remove::operator()(std::FILE* file) const {
    std::fclose(file);
    std::error_code ignored;
    std::filesystem::remove(std::filesystem::u8path(path), ignored);
}

} // namespace mixllm
