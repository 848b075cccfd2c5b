import path from "node:path";
import { writeWholeFile } from "../../common/files/wholeFiles.js";
import { InvalidInputError } from "../../common/errors.js";
import { channelShares, expertShares } from "../../common/format/channelShares.js";
import type { MixLlmFileInfo } from "../../common/format/MixLlmFileInfo.js";
import type { GgufHeader } from "../../common/gguf/GgufHeader.js";
import { mixLlmFileFacts } from "./describeMixLlmFile.js";

/** Width of the map as a picture, in pixels. */
const PICTURE_WIDTH = 860;

/**
 * Writes where a MixLLM file has its 8-bit channels: as a page that needs nothing but itself when `output` ends in
 * `.html`, else as an SVG picture that suits light and dark.
 *
 * @throws {InvalidInputError} no weight is in a decoder layer
 * @throws {MixLlmError} `output` cannot be written
 */
export async function exportMixLlmFileView(
  output: string,
  file: string,
  header: GgufHeader,
  info: MixLlmFileInfo
): Promise<void> {
  const shares = channelShares(info.tensors);
  if (shares.length === 0) throw new InvalidInputError(`${file} has no MixLLM weight in a decoder layer to draw`);
  // Only here: drawing takes libraries that everything else starts faster without.
  const [{ channelShareChart }, { channelShareTable }, { figure }, { html }, { renderPage }, { pictureStyle }] =
    await Promise.all([
      import("../../common/charts/channelShareChart.js"),
      import("../../common/charts/channelShareTable.js"),
      import("../../common/charts/figure.js"),
      import("../../common/charts/html.js"),
      import("../../common/charts/page/renderPage.js"),
      import("../../common/charts/pictureStyle.js")
    ]);
  const name = path.basename(file);
  const content = output.endsWith(".svg")
    ? `${channelShareChart(shares, PICTURE_WIDTH, pictureStyle())}\n`
    : await renderPage(
        `${name}: 8-bit output channels`,
        html`
          <main>
            <header>
              <p class="kicker">MixLLM file</p>
              <h1>${name}</h1>
            </header>
            <section>
              <dl>
                ${mixLlmFileFacts(file, header, info).map(
                  ([title, text]) =>
                    html`<div>
                      <dt>${title}</dt>
                      <dd>${text}</dd>
                    </div>`
                )}
              </dl>
            </section>
            <section>
              <h2>8-bit output channels</h2>
              <p class="note">
                Share of each weight's output channels that are kept in 8 bits, in percent; the others have 4.
              </p>
              ${figure((width) => channelShareChart(shares, width))} ${channelShareTable(shares)}
              ${expertShares(info.tensors).map(
                ({ kind, shares: own }) => html`
                  <h3>${kind} by expert</h3>
                  ${figure((width) => channelShareChart(own, width))}
                `
              )}
            </section>
          </main>
        `
      );
  await writeWholeFile(output, content);
}
