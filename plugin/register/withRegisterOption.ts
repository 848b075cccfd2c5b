/** Adds to the environment variable `NODE_OPTIONS` that Node processes import `mixllm/register`, unless it has that. */
export function withRegisterOption(nodeOptions = ""): string {
  const option = `--import=${new URL("register.js", import.meta.url).href}`;
  return nodeOptions.split(" ").includes(option) ? nodeOptions : `${nodeOptions} ${option}`.trim();
}
