/**
 * CMAKE_CUDA_ARCHITECTURES for GPUs of these compute capabilities: machine code for each and nothing else.
 *
 * @param computeCapabilities such as `["8.6", "9.0"]`
 */
export function cudaArchitectures(computeCapabilities: readonly string[]): string {
  return computeCapabilities
    .map((capability) => {
      const number = capability.replace(".", "");
      // From 12.0 on, some instructions exist only in code for exactly that GPU, which llama.cpp's kernels count on.
      return `${number}${Number(number) >= 120 ? "a" : ""}-real`;
    })
    .join(";");
}
