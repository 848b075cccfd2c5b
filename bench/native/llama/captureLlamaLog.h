#pragma once

#include <string>

/// Silences llama.cpp's log and remembers its errors; may be called any number of times.
void captureLlamaLog();

/// The reason llama.cpp logged for its last failure, without its function names; empty when it logged none.
/// Forgets what it returned.
std::string takeLlamaError();
