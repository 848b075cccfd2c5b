import { expect, test } from "vitest";
import * as commonErrors from "../common/errors.js";
import * as pluginErrors from "./errors.js";
import * as api from "./index.js";

test("every error that is thrown can be told from others", () => {
  const names = [...Object.keys(commonErrors), ...Object.keys(pluginErrors)];
  expect(names.length).toBeGreaterThan(10);
  expect(Object.keys(api)).toEqual(expect.arrayContaining(names));
});
