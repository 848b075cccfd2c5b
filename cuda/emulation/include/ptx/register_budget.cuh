// Stands in for cuda/ptx/register_budget.cuh in the host emulation, whose threads have all they want.

#pragma once

template <int REGISTERS>
void raise_register_budget() {}

template <int REGISTERS>
void lower_register_budget() {}
