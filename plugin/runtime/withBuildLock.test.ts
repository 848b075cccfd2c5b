import { mkdir, utimes } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { withBuildLock } from "./withBuildLock.js";

/** Something that one side waits for and the other gives. */
function signal(): { given: Promise<void>; give: () => void } {
  let give!: () => void;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give };
}

test("lets one in after the other and tells who waits", async () => {
  const directory = path.join(temporaryDirectory(), "work");
  const events: string[] = [];
  const firstIsIn = signal();
  const secondWaits = signal();
  const first = withBuildLock(
    directory,
    async () => {
      firstIsIn.give();
      await secondWaits.given;
      events.push("first ends");
    },
    () => void events.push("first waits")
  );
  await firstIsIn.given;
  await withBuildLock(directory, () => Promise.resolve(events.push("second begins")), secondWaits.give);
  await first;
  expect(events).toEqual(["first ends", "second begins"]);
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
