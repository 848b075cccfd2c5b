#pragma once

#include <stdexcept>
#include <string>

/// What the caller gave cannot be used; the message is shown to the user as it is.
class InputError : public std::runtime_error {
public:
    explicit InputError(const std::string& message) : std::runtime_error(message) {}
};
