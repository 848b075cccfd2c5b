/** What a value of an option may be. */
export interface OptionCheck {
  /** In words, to go on after "takes". */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

/** One of some values. */
export const oneOf = (...values: unknown[]): OptionCheck => ({
  expected: values.map((value) => JSON.stringify(value)).join(", "),
  accepts: (value) => values.includes(value)
});

/** A value of one of some types, as `typeof` names them. */
export const ofType = (...types: string[]): OptionCheck => ({
  expected: `a ${types.join(" or a ")}`,
  accepts: (value) => types.includes(typeof value)
});
