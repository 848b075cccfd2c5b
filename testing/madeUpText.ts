import { pseudoRandom } from "./pseudoRandom.js";

const WORDS = (
  "the a of and to in is that it for as with on by this from at are which can be when each its than more one two all " +
  "model weight row column group scale channel layer token text value number error loss gradient sample input output " +
  "rounds reads writes keeps moves counts holds gives takes makes finds shows runs stays waits ends begins " +
  "small large fast slow first last next other same new old whole half short long right wrong early late"
).split(" ");

/**
 * Text of English words in no meaningful order, in sentences of 4 to 15 words: the same for the same arguments. References in
 * testing/reference hold for seed 1.
 */
export function madeUpText(seed: number, words: number): string {
  const random = pseudoRandom(seed);
  const pick = (below: number): number => Math.floor(random() * below);
  let text = "";
  for (let left = words; left > 0;) {
    const sentence = Array.from({ length: Math.min(left, 4 + pick(12)) }, () => WORDS[pick(WORDS.length)] ?? "");
    left -= sentence.length;
    const line = sentence.join(" ");
    text += `${line.charAt(0).toUpperCase()}${line.slice(1)}.${pick(5) === 0 ? "\n" : " "}`;
  }
  return text;
}
