import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{plugin,converter,bench,cli}/**/*.test.ts"],
    testTimeout: 60_000,
    // Test files share two cores with the native code they call; more workers only slow each other down.
    maxWorkers: 2
  }
});
