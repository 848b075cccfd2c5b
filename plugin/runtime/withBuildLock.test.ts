import { mkdir, utimes } from "node:fs/promises";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { withBuildLock } from "./withBuildLock.js";

test("lets one in after the other and tells who waits", async () => {
  const directory = path.join(temporaryDirectory(), "work");
  const events: string[] = [];
  const first = withBuildLock(
    directory,
    async () => {
      events.push("first begins");
      await setTimeout(1200);
      events.push("first ends");
    },
    () => void events.push("first waits")
  );
  await setTimeout(200);
  await withBuildLock(
    directory,
    () => Promise.resolve(events.push("second begins")),
    () => void events.push("second waits")
  );
  await first;
  expect(new Set(events.slice(1, -2))).toEqual(new Set(["second waits"]));
  expect([events[0], ...events.slice(-2)]).toEqual(["first begins", "first ends", "second begins"]);
});

test("takes over the lock of a process that died", async () => {
  const directory = path.join(temporaryDirectory(), "work");
  await mkdir(`${directory}.lock`);
  const aMinuteAgo = new Date(Date.now() - 60_000);
  await utimes(`${directory}.lock`, aMinuteAgo, aMinuteAgo);
  let waits = 0;
  expect(
    await withBuildLock(
      directory,
      () => Promise.resolve("done"),
      () => void waits++
    )
  ).toBe("done");
  expect(waits).toBe(0);
});

test("releases the lock when the action fails", async () => {
  const directory = path.join(temporaryDirectory(), "work");
  const never = () => Promise.reject(new Error("waited"));
  await expect(withBuildLock(directory, () => Promise.reject(new Error("failed")), never)).rejects.toThrow("failed");
  await expect(withBuildLock(directory, () => Promise.resolve("done"), never)).resolves.toBe("done");
});
