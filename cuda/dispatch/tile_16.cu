#include "dispatch/tile_launch.cuh"

MIXLLM_INSTANTIATE_TILE(16)
