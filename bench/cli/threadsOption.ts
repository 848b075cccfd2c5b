import { availableParallelism } from "node:os";
import { Option } from "commander";
import { integerOption } from "../../common/cli/options.js";
import { warn } from "../../common/cli/runCommand.js";

/** Threads that ggml is made for (`GGML_MAX_N_THREADS`). */
const MAX_THREADS = 512;

const parse = integerOption(1, MAX_THREADS);

/** The option for threads to compute with. More than run at once are allowed, since some measure just that, and warned of. */
export function threadsOption(): Option {
  return new Option("--threads <count>", "threads to compute with (default: all)").argParser((text) => {
    const threads = parse(text);
    const atOnce = availableParallelism();
    if (threads > atOnce) {
      warn(
        `--threads ${threads} where ${atOnce} run at once: threads wait for each other after every step, so this can ` +
          `take many times as long as --threads ${atOnce}`
      );
    }
    return threads;
  });
}
