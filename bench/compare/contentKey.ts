import { createHash } from "node:crypto";

/**
 * A name for the result of some work, from all that decides it: equal inputs share a result, different ones never do.
 *
 * @param inputs anything JSON can hold; the order of keys matters
 * @returns 16 hexadecimal digits
 */
export function contentKey(inputs: unknown): string {
  return createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16);
}
