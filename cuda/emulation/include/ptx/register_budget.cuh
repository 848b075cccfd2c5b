// Stands in for cuda/ptx/register_budget.cuh in the host emulation, whose threads have all they want.

#ifndef MIXLLM_REGISTER_BUDGET_CUH
#define MIXLLM_REGISTER_BUDGET_CUH

template <int REGISTERS>
void raise_register_budget() {}

template <int REGISTERS>
void lower_register_budget() {}

#endif
