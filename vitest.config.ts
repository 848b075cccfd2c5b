import { defineConfig } from "vitest/config";
import { CountsReporter } from "./testing/countsReporter.js";

export default defineConfig({
  test: {
    include: ["{common,plugin,converter,bench,cpu,cuda,patches,packaging}/**/*.test.ts"],
    globalSetup: "testing/prepareRuntime.ts",
    reporters: ["default", new CountsReporter()],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Test files share the cores with the native code they call; more workers only slow each other down.
    maxWorkers: 2
  }
});
