import { NodeLlamaCppVersionError } from "../errors.js";
import { nodeLlamaCpp } from "../runtime/nodeLlamaCpp.js";
import type { Finding } from "./Finding.js";

export function nodeLlamaCppFinding(): Finding {
  const name = "node-llama-cpp";
  try {
    const { version, llamaCppRelease } = nodeLlamaCpp();
    return { name, status: "ok", detail: `${version}, with llama.cpp ${llamaCppRelease}` };
  } catch (error) {
    if (!(error instanceof NodeLlamaCppVersionError)) throw error;
    return { name, status: "missing", detail: error.message, ...(error.fix === undefined ? {} : { fix: error.fix }) };
  }
}
