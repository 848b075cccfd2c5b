/** Work under way off the main thread in the native addon. */
export interface NativeJob<T> {
  /** Rejects with an Error whose `code` is `CANCELED` or `BAD_INPUT` where that is the reason. */
  result: Promise<T>;
  /** Asks the job to stop soon; its `result` then rejects. */
  cancel(): void;
}
