#pragma once

// Kernels put on the stream by launch() may start while the kernel before them is still running, on sm_90 and later.
// PTX ISA, "griddepcontrol"; CUDA Programming Guide, "Programmatic Dependent Launch".

// Waits until all kernels before this one on the stream are over, and sees what they wrote. Every thread comes here,
// and before it does it reads only what no kernel writes (weights), and writes nothing. Only the first time takes time.
__device__ __forceinline__ void wait_for_kernels_before() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// Lets the next kernel start once every block has come here or is over. After wait_for_kernels_before, so that no more
// than two kernels ever run at a time.
__device__ __forceinline__ void let_next_kernel_start() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}
