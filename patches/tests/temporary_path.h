#pragma once

#include <filesystem>
#include <random>
#include <string>

// A path in the system's temporary folder that no other run of the tests has.
inline std::filesystem::path temporary_path(const std::string& name) {
    return std::filesystem::temp_directory_path() / ("mixllm-" + std::to_string(std::random_device{}()) + "-" + name);
}
