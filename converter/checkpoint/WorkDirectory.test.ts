import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from "node:fs";
import path from "node:path";
import { beforeEach, expect, test } from "vitest";
import { InvalidInputError } from "../../common/errors.js";
import { temporaryDirectory } from "../../testing/temporaryDirectory.js";
import { CALIBRATION_TOKENS, WorkDirectory } from "./WorkDirectory.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let directory: string;
let folder: string;
let warnings: string[];

beforeEach(() => {
  directory = temporaryDirectory();
  folder = path.join(directory, "model.gguf.work");
  warnings = [];
});

function open(place = folder, identity: Record<string, string> = { source: "a model" }): Promise<WorkDirectory> {
  const { signal } = new AbortController();
  return WorkDirectory.open(place, identity, { warn: (message) => warnings.push(message), signal });
}

test("a folder with other files is refused and left as it is, since the end of the work removes it", async () => {
  mkdirSync(folder);
  writeFileSync(path.join(folder, "thesis.txt"), "");
  await expect(open()).rejects.toThrow(/work holds files that are no unfinished conversion, such as thesis\.txt/);
  expect(readdirSync(folder)).toEqual(["thesis.txt"]);
});

test("an empty folder is taken, as is one that is made with its parents, or a link to one", async () => {
  const empty = path.join(directory, "empty");
  mkdirSync(empty);
  symlinkSync(empty, path.join(directory, "link"));
  for (const place of [path.join(directory, "new/deeper"), path.join(directory, "link")]) {
    const work = await open(place);
    await work.write("input.0.f32", bytes("step"));
    await work.discard();
    expect(existsSync(place)).toBe(false);
  }
  expect(existsSync(empty)).toBe(false);
});

test.each([
  ["before a step is finished", [CALIBRATION_TOKENS], false],
  ["after one", [CALIBRATION_TOKENS, "input.1.f32"], true]
])("bad input found %s leaves the folder: %j, %j", async (_, files, kept) => {
  const work = await open();
  for (const name of files) await work.write(name, bytes(name));
  await work.leave(new InvalidInputError("a weight cannot be read"));
  expect(existsSync(folder)).toBe(kept);
  expect(existsSync(`${folder}.lock`)).toBe(false);
});

test("what cannot be written is said, and nothing half-written stays", async () => {
  const work = await open();
  mkdirSync(work.file("input.0.f32/"));
  await expect(work.write("input.0.f32", bytes("data"))).rejects.toThrow(/^cannot write .*f32: it is a directory/);
  expect(readdirSync(work.path).sort()).toEqual(["input.0.f32", "journal.jsonl", "manifest.json"]);
  await work.discard();
});

/** Leaves a directory with three finished files, a removed one, and what a kill leaves besides. */
async function leaveThree(): Promise<void> {
  const work = await open();
  for (const name of ["input.0.f32", "input.1.f32", "input.2.f32"]) {
    const file = work.start(name);
    writeFileSync(file.temporary, name.repeat(1000));
    await work.finish(file);
  }
  await work.write("gradient.2.f32", bytes("gone"));
  await work.remove("gradient.2.f32");
  await work.leave(new Error("killed"));
  writeFileSync(work.file("input.3.f32.123.0123abcd.partial"), "half");
  writeFileSync(work.file("scratch.123.0123abcd.partial.mlp"), "half");
}

test("finished files are there again, and nothing else that a killed run left", async () => {
  await leaveThree();
  const work = await open();
  for (const name of ["input.0.f32", "input.1.f32", "input.2.f32"]) expect(work.has(name)).toBe(true);
  expect(work.has("gradient.2.f32")).toBe(false);
  expect(readdirSync(folder).sort()).toEqual([
    "input.0.f32",
    "input.1.f32",
    "input.2.f32",
    "journal.jsonl",
    "manifest.json"
  ]);
  expect(warnings).toEqual([]);
  await work.discard();
});

/** Damage to `input.1.f32`, the second of three, or to what says that it is finished. */
const DAMAGE: Record<string, (folder: string) => void> = {
  "a byte is another": (place) => overwrite(path.join(place, "input.1.f32"), 5000, "x"),
  "its second half is zeros": (place) => overwrite(path.join(place, "input.1.f32"), 5500, "\0".repeat(5500)),
  "it is cut off": (place) => truncateSync(path.join(place, "input.1.f32"), 5500),
  "it is empty": (place) => truncateSync(path.join(place, "input.1.f32")),
  "it is longer": (place) => appendFileSync(path.join(place, "input.1.f32"), "more"),
  "it is gone": (place) => rmSync(path.join(place, "input.1.f32")),
  "it is a folder": (place) => {
    rmSync(path.join(place, "input.1.f32"));
    mkdirSync(path.join(place, "input.1.f32"));
  },
  "its checksum is another": (place) =>
    edit(path.join(place, "journal.jsonl"), (text) => {
      const lines = text.split("\n");
      lines[1] = (lines[1] ?? "").replace(/"sha256":"./, '"sha256":"g');
      return lines.join("\n");
    }),
  "its line of the journal is none": (place) =>
    edit(path.join(place, "journal.jsonl"), (text) => text.replace(/\{(.*input\.1)/, "[$1"))
};

test.each(Object.entries(DAMAGE))(
  "when %s, that is said, and what was made before it is all that is kept",
  async (_, damage) => {
    await leaveThree();
    damage(folder);
    const work = await open();
    expect(["input.0.f32", "input.1.f32", "input.2.f32"].map((name) => work.has(name))).toEqual([true, false, false]);
    expect(existsSync(work.file("input.2.f32"))).toBe(false);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/is not as it was written: it is made again(, and \d more .*)?$/);
    for (const name of ["input.1.f32", "input.2.f32"]) await work.write(name, bytes(name));
    await work.leave(new Error("killed"));
    const again = await open();
    expect(again.has("input.2.f32")).toBe(true);
    expect(warnings).toHaveLength(1);
    await again.discard();
  }
);

test("a last line that a crash cut off is no damage", async () => {
  await leaveThree();
  edit(path.join(folder, "journal.jsonl"), (text) => text + '{"file":"input.3.f32","by');
  const work = await open();
  expect(work.has("input.2.f32")).toBe(true);
  expect(warnings).toEqual([]);
  await work.write("input.3.f32", bytes("whole"));
  await work.leave(new Error("killed"));
  const again = await open();
  expect(again.has("input.3.f32")).toBe(true);
  await again.discard();
});

test.each(["manifest.json", "journal.jsonl"])("without its %s the work starts over, and that is said", async (name) => {
  for (const damage of [(file: string) => rmSync(file), (file: string) => truncateSync(file, 20)]) {
    await leaveThree();
    warnings = [];
    damage(path.join(folder, name));
    const work = await open();
    expect(work.has("input.0.f32")).toBe(false);
    expect(readdirSync(folder).sort()).toEqual(["journal.jsonl", "manifest.json"]);
    expect(warnings).toHaveLength(1);
    await work.discard();
  }
});

test("work of something else is refused with the difference named, and left alone", async () => {
  await leaveThree();
  const before = readdirSync(folder);
  await expect(open(folder, { source: "another" })).rejects.toThrow(
    /holds an unfinished conversion of something else: source was "a model", now "another"/
  );
  expect(readdirSync(folder)).toEqual(before);
});

test("what a process that was killed while removing the folder left is removed", async () => {
  const { pid } = spawnSync(process.execPath, ["--version"]);
  const left = `${folder}.${pid}.0123abcd.partial`;
  mkdirSync(left);
  writeFileSync(path.join(left, "input.7.f32"), "");
  await (await open()).discard();
  expect(readdirSync(directory)).toEqual([]);
});

test("whoever waits for the folder takes it over once it has been removed", { timeout: 30_000 }, async () => {
  const first = await open();
  await first.write("input.0.f32", bytes("step"));
  const waiting = open();
  await new Promise((resolve) => setTimeout(resolve, 300));
  await first.discard();
  const second = await waiting;
  expect(second.has("input.0.f32")).toBe(false);
  await second.write("input.0.f32", bytes("step"));
  await second.discard();
  expect(readdirSync(directory)).toEqual([]);
});

test("a folder removed under a step is what is said of the step", async () => {
  const work = await open();
  const failing = work.step("the forward pass of layer 0", () => {
    rmSync(folder, { recursive: true });
    return Promise.reject(new Error(`cannot create ${folder}/input.1.f32: No such file or directory`));
  });
  await expect(failing).rejects.toMatchObject({
    message: `${work.path} was removed while the conversion was using it`,
    fix: "Run the same command again: it starts over."
  });
  await work.leave(new Error("killed"));
});

test("a step that fails is named, and told to go on from", async () => {
  const work = await open();
  await expect(
    work.step("the forward pass of layer 0", () => Promise.reject(new Error("no space left on device")))
  ).rejects.toMatchObject({
    message: "the forward pass of layer 0 failed: no space left on device",
    fix: /^Finished layers are kept/
  });
  await work.discard();
});

function overwrite(file: string, at: number, text: string): void {
  const content = readFileSync(file);
  content.write(text, at);
  writeFileSync(file, content);
}

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, "utf8")));
}
