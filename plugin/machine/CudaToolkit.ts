/** What of NVIDIA's CUDA toolkit was found. Building for CUDA takes all of it. */
export interface CudaToolkit {
  /** Path of the CUDA compiler. */
  readonly nvcc: string | undefined;
  /** Its release, such as `13.0`. */
  readonly version: string | undefined;
  /** Path of the cuBLAS library to link against. */
  readonly cublas: string | undefined;
  /** Path of cuBLAS's C header. */
  readonly cublasHeader: string | undefined;
}
