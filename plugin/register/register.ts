/**
 * Lets every `getLlama()` of a process run MixLLM files: `node --import mixllm/register app.js`. Worker threads and the Node
 * processes that this one starts do so, too.
 *
 * @module
 */
import * as nodeModule from "node:module";
import { load } from "./hooks.js";
import { withRegisterOption } from "./withRegisterOption.js";

/** Synchronous hooks, which Node has from 22.15 on; its types here are those of the least Node that is supported. */
const { registerHooks } = nodeModule as { registerHooks?: (hooks: { load: typeof load }) => void };
if (registerHooks !== undefined) registerHooks({ load });
else nodeModule.register("./hooks.js", import.meta.url);

process.env["NODE_OPTIONS"] = withRegisterOption(process.env["NODE_OPTIONS"]);
