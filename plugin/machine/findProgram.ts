import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import path from "node:path";

/** Finds an executable by name on PATH, or by its path when the name holds one; `undefined` when there is none. */
export async function findProgram(name: string): Promise<string | undefined> {
  const folders = path.isAbsolute(name)
    ? [""]
    : (process.env["PATH"] ?? "").split(path.delimiter).filter((f) => f !== "");
  const extensions = process.platform === "win32" ? (process.env["PATHEXT"] ?? ".EXE;.CMD;.BAT").split(";") : [""];
  for (const folder of folders)
    for (const extension of extensions) {
      const file = path.join(folder, name.endsWith(extension) ? name : name + extension);
      if (await isExecutable(file)) return file;
    }
  return undefined;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
