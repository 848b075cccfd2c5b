import { formatBytes, shellWords } from "../../common/cli/format.js";
import { html, type Html } from "../../common/charts/html.js";
import type { Comparison } from "../compare/Comparison.js";

/** What was run, on what machine, and on which bytes. */
export function provenanceSection(comparison: Comparison): Html {
  const { machine, versions, settings, text, calibration, models } = comparison;
  const quality = models[0]?.quality;
  const facts: [string, string][] = [
    ["finished", comparison.date.replace("T", " ").replace(/\.\d+Z$/, " UTC")],
    ["processor", `${machine.cpu}, ${machine.cores} ${machine.cores === 1 ? "core" : "cores"} to use`],
    ["memory", formatBytes(machine.memoryBytes)],
    ["system", machine.system],
    ["threads", String(settings.threads)],
    ["mixllm", versions.mixllm],
    ["llama.cpp", `${versions.llamaCpp}, of node-llama-cpp ${versions.nodeLlamaCpp}`],
    ["runtime build", versions.runtime],
    ["Node.js", versions.node],
    ["text", `${text.file}${quality === undefined ? "" : `, ${quality.chunks} chunks of ${quality.context} tokens`}`],
    [
      "calibration",
      calibration === undefined ? "none: no importance matrix; MixLLM by its own samples" : calibration.file
    ]
  ];
  const hashes: [string, string][] = [
    [comparison.source, comparison.sourceSha256],
    [text.file, text.sha256],
    ...(calibration === undefined ? [] : [[calibration.file, calibration.sha256] as [string, string]]),
    ...models.map(({ file, sha256 }): [string, string] => [file, sha256])
  ];
  return html`
    <section id="provenance">
      <h2>What was run</h2>
      <pre><code>mixllm-bench ${shellWords(comparison.command)}</code></pre>
      <dl>
        ${facts.map(
          ([name, value]) =>
            html`<div>
              <dt>${name}</dt>
              <dd>${value}</dd>
            </div>`
        )}
      </dl>
      <h3>How each model came to be</h3>
      <dl class="origins">
        ${models.map(
          ({ name, origin }) =>
            html`<div>
              <dt>${name}</dt>
              <dd><code>${origin}</code></dd>
            </div>`
        )}
      </dl>
      <h3>SHA-256 of the files</h3>
      <dl class="hashes">
        ${hashes.map(
          ([file, hash]) =>
            html`<div>
              <dt>${file}</dt>
              <dd><code>${hash}</code></dd>
            </div>`
        )}
      </dl>
      <h3>What the figures are</h3>
      <p>
        Perplexity follows llama.cpp's protocol. KL divergence is that of the model from the unquantized one, in nats, a
        mean over the scored tokens ± its standard error. “Same top” is the share of tokens for which both put the same
        token first; Δp is the change in the right token's probability. Bits per weight count all tensors of the file,
        embedding and head included. Load time, time to the first token and peak memory are of a process of its own.
      </p>
    </section>
  `;
}
