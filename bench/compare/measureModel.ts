import { stat } from "node:fs/promises";
import type { Footprint } from "../footprint/Footprint.js";
import { startLengths } from "../footprint/startLengths.js";
import { summarizeFootprints } from "../footprint/summarizeFootprints.js";
import { bitsPerWeight } from "./bitsPerWeight.js";
import type { ComparisonContext } from "./ComparisonContext.js";
import { describeMachine } from "./describeMachine.js";
import { identifyModel } from "./identifyModel.js";
import type { MadeModel } from "./MadeModel.js";
import type { ReferenceModel } from "./ReferenceModel.js";
import { STARTS } from "./planWork.js";
import type { UntimedModel } from "./UntimedModel.js";

/** Measures a model's quality against the reference, and what starting it takes. */
export async function measureModel(
  comparison: ComparisonContext,
  name: string,
  { file, origin }: MadeModel,
  reference: ReferenceModel
): Promise<UntimedModel> {
  const { options, workshop, sha256: given, step } = comparison;
  const { text, context, chunks, threads, gpuLayers } = options;
  const sha256 = await workshop.hashes.of(file);
  const isReference = sha256 === reference.sha256;
  const quality = await workshop.measure(
    [sha256, isReference ? "itself" : reference.sha256, given.text, context, chunks ?? "all", threads],
    {
      kind: "quality",
      options: {
        model: file,
        text,
        context,
        threads,
        ...(isReference ? {} : { reference: reference.file }),
        ...(chunks === undefined ? {} : { chunks })
      }
    },
    step("quality", `quality of ${name}`)
  );
  const start = { ...startLengths(options), threads, gpuLayers };
  const starts: Footprint[] = [];
  while (starts.length < STARTS) {
    starts.push(
      await workshop.measure(
        [sha256, start, describeMachine(), starts.length],
        { kind: "footprint", options: { ...start, model: file } },
        step("start", `memory of ${name}`)
      )
    );
  }
  return {
    name,
    ...(await identifyModel(file)),
    origin,
    file,
    sha256,
    fileBytes: (await stat(file)).size,
    bitsPerWeight: await bitsPerWeight(file, reference.file),
    quality,
    footprint: summarizeFootprints(starts)
  };
}
