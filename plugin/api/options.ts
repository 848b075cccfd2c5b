import { InvalidInputError } from "../../common/errors.js";

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

/**
 * Checks the options of a function, so that a misspelt one does not silently do nothing.
 *
 * @param caller name of the function
 * @param checks by name of the option, all that there are
 * @param inapplicable options that users may expect and there cannot be, with the reason
 * @throws {InvalidInputError} names the option and what it may be
 */
export function assertOptions(
  caller: string,
  options: unknown,
  checks: Readonly<Record<string, OptionCheck>>,
  inapplicable: Readonly<Record<string, string>> = {}
): void {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw new InvalidInputError(`${caller} takes an object of options and received ${JSON.stringify(options)}`);
  for (const [name, value] of Object.entries(options)) {
    const reason = Object.hasOwn(inapplicable, name) ? inapplicable[name] : undefined;
    if (reason !== undefined)
      throw new InvalidInputError(`${caller} has no option "${name}": ${reason}`, { fix: "Leave the option out." });
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (check === undefined)
      throw new InvalidInputError(`${caller} has no option "${name}"`, {
        fix: `Its options are ${Object.keys(checks).join(", ")}.`
      });
    if (value !== undefined && !check.accepts(value))
      throw new InvalidInputError(
        `The option "${name}" of ${caller} takes ${check.expected} and received ${describe(value)}`
      );
  }
}

function describe(value: unknown): string {
  return typeof value === "function" ? "a function" : (JSON.stringify(value) ?? String(value));
}
