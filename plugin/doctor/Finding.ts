/** One thing that `mixllm doctor` looked at. */
export interface Finding {
  /** What was looked at, such as `CMake`. */
  readonly name: string;
  /** `ok`: fine; `note`: fine, but the user may want to know; `missing`: something does not work until it is fixed. */
  readonly status: "ok" | "note" | "missing";
  /** What was found, in words. */
  readonly detail: string;
  /** What to do about it. */
  readonly fix?: string;
}
