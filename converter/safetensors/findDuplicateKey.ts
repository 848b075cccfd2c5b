/**
 * Finds a key that an object in valid JSON text has twice, which `JSON.parse` would silently resolve to the last one.
 *
 * @returns the first repeated key, or undefined
 */
export function findDuplicateKey(json: string): string | undefined {
  const objects: (Set<string> | undefined)[] = [];
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g;
  for (let match = token.exec(json); match !== null; match = token.exec(json)) {
    const text = match[0];
    if (text === "{") objects.push(new Set());
    else if (text === "[") objects.push(undefined);
    else if (text === "}" || text === "]") objects.pop();
    else if (match[1] !== undefined) {
      const key = JSON.parse(text.slice(0, text.length - match[1].length)) as string;
      const keys = objects.at(-1);
      if (keys?.has(key) === true) return key;
      keys?.add(key);
    }
  }
  return undefined;
}
