/**
 * Text as it can go to a terminal: control characters, by which a name in an untrusted file could move the cursor or forge
 * output, become their code points. Line feeds and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
