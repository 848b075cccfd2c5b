import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  globalIgnores(["dist/", "coverage/"]),
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/consistent-type-imports": "error"
    }
  },
  // Imports run downwards: bench, converter and plugin stand on what they share; tests may set any of them side by side.
  ...Object.entries({
    common: ["plugin", "converter", "bench", "testing"],
    plugin: ["converter", "bench", "testing"],
    converter: ["bench", "testing"],
    bench: ["converter", "testing"]
  }).map(([folder, above]) => ({
    files: [`${folder}/**/*.ts`],
    ignores: ["**/*.test.ts", "**/testing/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: `^(\\.\\./)+(${above.join("|")})/`,
              message: `${folder} does not import from ${above.join(", ")}.`
            }
          ]
        }
      ]
    }
  })),
  {
    files: ["common/charts/page/*.js"],
    languageOptions: { globals: { document: "readonly" } }
  },
  {
    files: ["**/*.js"],
    languageOptions: { globals: { process: "readonly", console: "readonly" } }
  }
);
