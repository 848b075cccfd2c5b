#pragma once

#include <cstdint>
#include <optional>

/// Bytes in use on all GPUs together, by whatever program; nothing where ggml has no GPU.
std::optional<int64_t> used_video_memory();
