/** An NVIDIA GPU as its driver reports it. */
export interface Gpu {
  readonly name: string;
  /** Such as `9.0`. */
  readonly computeCapability: string;
  readonly memoryMiB: number;
  readonly driverVersion: string;
}
