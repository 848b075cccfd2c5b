/** Words that keep their case: versions such as `v0.3` and anything that starts with a digit. */
const VERSION_OR_SIZE = /^(v\d+(\.\d+)*|\d.*)$/;

/** Turns the last part of a model id into a title: `tiny-llama-v0.3` becomes `Tiny Llama v0.3`. */
export function titleFromId(id: string): string {
  return id
    .replaceAll("-", " ")
    .split(/\s+/)
    .filter((word) => word !== "")
    .map((word) => (isLowerCase(word) && !VERSION_OR_SIZE.test(word) ? capitalize(word) : word))
    .join(" ");
}

function isLowerCase(word: string): boolean {
  return word === word.toLowerCase() && word !== word.toUpperCase();
}

/** A capital after anything that is not a letter: `qwen2moe` becomes `Qwen2Moe`. */
function capitalize(word: string): string {
  return word.replace(/\p{L}+/gu, (letters) => letters.charAt(0).toUpperCase() + letters.slice(1));
}
