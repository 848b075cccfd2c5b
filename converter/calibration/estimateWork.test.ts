import { expect, test } from "vitest";
import type { ModelGraph } from "../MethodAddon.js";
import type { PlannedTensor } from "../plan/PlannedTensor.js";
import { type CalibrationWork, estimateWork } from "./estimateWork.js";

const mixed = (target: string, rows: number, columns: number, experts = 1): PlannedTensor =>
  ({ treatment: "mixed", target, experts, tensor: { rows: experts * rows, columns } }) as unknown as PlannedTensor;

const graph = {
  head: "output.weight",
  sections: [{ weights: [] }, { weights: ["up", "gate", "down"] }, { weights: ["experts"] }, { weights: [] }],
  weights: [
    { name: "up", expertsPerToken: 1 },
    { name: "gate", expertsPerToken: 1 },
    { name: "down", expertsPerToken: 1 },
    { name: "experts", expertsPerToken: 2 }
  ]
} as unknown as ModelGraph;

const plan = [
  mixed("up", 30, 10),
  mixed("gate", 30, 10),
  mixed("down", 10, 30),
  mixed("experts", 20, 10, 8),
  { treatment: "stock", target: "output.weight", tensor: { rows: 100, columns: 10 } } as unknown as PlannedTensor
];
const layers = 3 * 300 + 2 * 200;
const head = 1000;
const inputs = 10 ** 2 + 30 ** 2 + 2 * 10 ** 2;
const outputs = 2 * 30 ** 2 + 10 ** 2;

const nothing: Omit<CalibrationWork, "samples" | "length"> = {
  generates: false,
  sought: undefined,
  equalizes: false,
  quantizes: false
};
const work = (steps: Partial<CalibrationWork>): number =>
  estimateWork(graph, plan, { samples: 4, length: 5, ...nothing, ...steps });

test("a token meets the experts that are chosen for it, and the head", () => {
  expect(work({})).toBe(0);
  expect(work({ generates: true })).toBe(20 * (layers + head));
  expect(work({ sought: "salience" })).toBe(20 * (4 * layers + 3 * head + inputs) + 5 * outputs);
  expect(work({ sought: "moments" })).toBe(20 * (3 * layers + 3 * head + outputs));
});

test("the search sums over no more rows of inputs and gradients than tell enough", () => {
  const searched = estimateWork(graph, plan, { samples: 100, length: 500, ...nothing, sought: "salience" });
  expect(searched).toBe(50_000 * (4 * layers + 3 * head) + 4096 * (10 ** 2 + 30 ** 2 + 10 ** 2 + outputs));
});

test("GPTQ sums over inputs once, solves for every expert, and feeds errors between the channels of others", () => {
  const feeding = (2 * 30 * 10 * 30 + 10 * 30 * 10) / 2;
  const solves = 2 * 10 ** 2 * (30 + 10) + 30 ** 2 * (10 + 30) + 8 * 10 ** 2 * (20 + 10);
  expect(work({ quantizes: true })).toBe(20 * (layers + 2 * inputs) + solves + feeding);
});
