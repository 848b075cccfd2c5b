#!/usr/bin/env node
import { runCommand } from "../../common/cli/runCommand.js";
import { createConvertCommand } from "./createConvertCommand.js";

await runCommand(createConvertCommand());
