import { expect, test } from "vitest";
import { placeLabels } from "./placeLabels.js";

const frame = { left: 0, right: 400, top: 0, bottom: 300 };

test("a label alone goes to the right, and to the left at the right edge", () => {
  expect(placeLabels([{ x: 200, y: 150, label: "Q4_0" }], frame)[0]!.textAnchor).toBe("start");
  expect(placeLabels([{ x: 395, y: 150, label: "Q4_0" }], frame)[0]!.textAnchor).toBe("end");
});

test("labels of neighbours take different places", () => {
  const places = placeLabels(
    [
      { x: 200, y: 150, label: "MixLLM p10" },
      { x: 230, y: 150, label: "Q5_K_M" }
    ],
    frame
  );
  expect(places[0]!.textAnchor).toBe("end");
  expect(places[1]!.textAnchor).toBe("start");
});

test("a label keeps off obstacles", () => {
  const line = { left: 200, right: 400, top: 149, bottom: 151 };
  expect(placeLabels([{ x: 200, y: 150, label: "Q4_0" }], frame, [line])[0]!.textAnchor).toBe("end");
});
