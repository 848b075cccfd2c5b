#include "calibration/activation_file.h"

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

bool seek(std::FILE* file, int64_t offset) {
#ifdef _WIN32
    return _fseeki64(file, offset, SEEK_SET) == 0;
#else
    return fseeko(file, static_cast<off_t>(offset), SEEK_SET) == 0;
#endif
}

} // namespace

ActivationFile ActivationFile::open(const std::string& path, int64_t floats) {
    std::error_code error;
    const auto size = std::filesystem::file_size(std::filesystem::u8path(path), error);
    if (error) {
        throw std::runtime_error("cannot read " + path + ": " + error.message());
    }
    if (size != static_cast<uintmax_t>(floats) * sizeof(float)) {
        throw std::runtime_error(path + " has " + std::to_string(size) + " bytes, expected " +
                                 std::to_string(floats * static_cast<int64_t>(sizeof(float))));
    }
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) {
        fail("read", path);
    }
    return ActivationFile(path, file, "");
}

ActivationFile ActivationFile::create(const std::string& path) {
    std::FILE* file = std::fopen((path + ".partial").c_str(), "wb");
    if (file == nullptr) {
        fail("create", path);
    }
    return ActivationFile(path, file, path + ".partial");
}

void ActivationFile::read(int64_t first, int64_t count, float* out) {
    if (!seek(file_.get(), first * static_cast<int64_t>(sizeof(float))) ||
        std::fread(out, sizeof(float), static_cast<size_t>(count), file_.get()) != static_cast<size_t>(count)) {
        fail("read", path_);
    }
}

void ActivationFile::append(const float* values, int64_t count) {
    if (std::fwrite(values, sizeof(float), static_cast<size_t>(count), file_.get()) != static_cast<size_t>(count)) {
        fail("write", path_);
    }
}

void ActivationFile::Close::operator()(std::FILE* file) const {
    std::fclose(file);
    if (!partial.empty()) {
        std::error_code ignored;
        std::filesystem::remove(std::filesystem::u8path(partial), ignored);
    }
}

void ActivationFile::finish() {
    std::error_code error;
    if (std::fclose(file_.release()) != 0) {
        const int cause = errno;
        std::filesystem::remove(std::filesystem::u8path(path_ + ".partial"), error);
        errno = cause;
        fail("write", path_);
    }
    std::filesystem::rename(std::filesystem::u8path(path_ + ".partial"), std::filesystem::u8path(path_), error);
    if (error) {
        throw std::runtime_error("cannot rename " + path_ + ".partial: " + error.message());
    }
}

RowFile::RowFile(const std::string& path, size_t columns)
    : path_(path), columns_(columns), file_(std::fopen(path.c_str(), "w+b"), Remove{path}) {
    if (!file_) {
        fail("create", path);
    }
}

void RowFile::write(int64_t first, int64_t count, const float* values) {
    const size_t size = static_cast<size_t>(count) * columns_;
    if (!seek(file_.get(), offset(first)) || std::fwrite(values, sizeof(float), size, file_.get()) != size) {
        fail("write", path_);
    }
}

void RowFile::read(int64_t first, int64_t count, float* out) {
    const size_t size = static_cast<size_t>(count) * columns_;
    if (!seek(file_.get(), offset(first)) || std::fread(out, sizeof(float), size, file_.get()) != size) {
        fail("read", path_);
    }
}

void RowFile::Remove::operator()(std::FILE* file) const {
    std::fclose(file);
    std::error_code ignored;
    std::filesystem::remove(std::filesystem::u8path(path), ignored);
}

} // namespace mixllm
