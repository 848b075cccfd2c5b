import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = fileURLToPath(new URL("../../../shared/text/eval.txt", import.meta.url));

/** Path of the evaluation text beside the repository, or undefined where it is not there. */
export const sharedText: string | undefined = existsSync(path) ? path : undefined;
