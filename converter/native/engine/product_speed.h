#pragma once

#include "engine/engine.h"

namespace mixllm {

/**
 * The multiply-adds a second that the engine's device does in products of floats as large as a model's. Takes about
 * half a second.
 *
 * @throws std::runtime_error when the products cannot be computed
 * @throws CanceledError
 */
double measure_product_speed(Engine& engine);

} // namespace mixllm
