#!/usr/bin/env node
import { runCommand } from "../../cli/runCommand.js";
import { createConvertCommand } from "./createConvertCommand.js";

await runCommand(createConvertCommand());
