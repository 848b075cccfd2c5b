import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packageRoot } from "../../common/package.js";

// Nothing is built or run on a GPU here: the script alone, on a copy of this folder, with a driver that is made up.
const onWindows = process.platform === "win32";

/** nvidia-smi of a machine with two GPUs, the second of which it takes a moment to name. */
const NVIDIA_SMI = `#!/bin/sh
first=yes second=yes
for argument; do
    case $argument in
    --id=0) second= ;;
    --id=1) first= ;;
    --id=*) echo "No devices were found"; exit 6 ;;
    --query-gpu=name) a="NVIDIA Test" b="Another" ;;
    --query-gpu=compute_cap) a=9.0 b=7.5 ;;
    --query-gpu=driver_version) a=550.1 b=550.1 ;;
    esac
done
[ -z "$first" ] || echo "$a"
sleep 0.1
[ -z "$second" ] || echo "$b"
`;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "mixllm-test-"));
  await cp(path.join(packageRoot, "cuda/tools"), path.join(folder, "cuda/tools"), { recursive: true });
  for (const sources of ["cpu", "patches", "bench/native/synthetic", "common/native", "programs", "work/bin"])
    await mkdir(path.join(folder, sources), { recursive: true });
  await writeFile(path.join(folder, "programs/nvidia-smi"), NVIDIA_SMI);
  await chmod(path.join(folder, "programs/nvidia-smi"), 0o755);
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

function gpuCheck(...steps: string[]): Promise<Outcome> {
  return gpuCheckOn("", ...steps);
}

/** With CUDA_VISIBLE_DEVICES as given. */
function gpuCheckOn(devices: string, ...steps: string[]): Promise<Outcome> {
  const PATH = [path.join(folder, "programs"), process.env["PATH"]].join(path.delimiter);
  return new Promise((resolve) => {
    const child = execFile(
      path.join(folder, "cuda/tools/gpu-check"),
      ["--work", path.join(folder, "work"), ...steps],
      { env: { ...process.env, PATH, CUDA_VISIBLE_DEVICES: devices } },
      (_error, stdout, stderr) => {
        resolve({ status: child.exitCode ?? -1, stdout, stderr });
      }
    );
  });
}

/** What names the sources and the GPU in the work folder. */
async function sourcesKey(): Promise<string | undefined> {
  return /sources ([0-9a-f]{16}),/.exec((await gpuCheck("report")).stdout)?.[1];
}

test.skipIf(onWindows)("checks the GPU that the environment names", async () => {
  const second = await gpuCheckOn("1,0", "report");
  expect(second.stdout).toContain("gpu-check: Another, code for compute capability 75,");
  const part = await gpuCheckOn("MIG-1", "report");
  expect(part.stdout).toContain("gpu-check: NVIDIA Test, code for compute capability 90,");
});

test.skipIf(onWindows)("checks the first of several GPUs", async () => {
  const { status, stdout, stderr } = await gpuCheck("report");
  expect(stdout).toContain("gpu-check: NVIDIA Test, code for compute capability 90,");
  expect(stderr).toContain("nothing has been measured of these sources on this GPU");
  expect(status).toBe(1);
});

test.skipIf(onWindows)("runs nothing that was built from other sources", async () => {
  const program = path.join(folder, "work/bin/kernel-test");
  await writeFile(program, "#!/bin/sh\necho ran on $CUDA_VISIBLE_DEVICES\n");
  await chmod(program, 0o755);
  await writeFile(path.join(folder, "work/bin/sources"), "0123456789abcdef\n");
  const other = await gpuCheck("test", "sanitize");
  expect(other.stderr).toContain("was built from other sources");
  expect(other.stderr).toContain("failed: test sanitize");
  expect(other.stdout).not.toContain("ran");

  await writeFile(path.join(folder, "work/bin/sources"), `${String(await sourcesKey())}\n`);
  const same = await gpuCheck("test");
  expect(same.stdout).toContain("ran on 0");
  expect(same.status).toBe(0);
});

test.skipIf(onWindows)("reports what was measured of these sources, and nothing else", async () => {
  const key = await sourcesKey();
  const work = path.join(folder, "work");
  for (const [of, microseconds] of [
    [`NVIDIA-Test-${String(key)}`, 12.5],
    ["NVIDIA-Test-0123456789abcdef", 99.5]
  ] as const) {
    const measured = path.join(work, "measured", of);
    await mkdir(measured, { recursive: true });
    await writeFile(
      path.join(measured, "sweep.tsv"),
      `gpu\tNVIDIA Test\t90\t132\t4000\t1979.0\nproduct\t4096\t4096\t1\tMixLLM p10\t${String(microseconds)}\t10.00\n` +
        `experts\t768\t2048\t32\tMixLLM p10\t${String(microseconds)}\t20.00\t128\t8\n`
    );
  }
  await writeFile(
    path.join(work, "measured", `NVIDIA-Test-${String(key)}`, "models-1b-all.csv"),
    "model_filename,model_size,n_gpu_layers,n_prompt,n_gen,avg_ts,stddev_ts\n" +
      '"/x/1b-p10.gguf","771170304","99","512","0","4000.5","1.5"\n'
  );
  await writeFile(path.join(work, "bin/commit"), "abc1234\n");
  await writeFile(path.join(work, "bin/flash-attention"), "ON\n");
  await writeFile(path.join(work, "bin/toolkit"), "13.0\n");

  const { status, stderr } = await gpuCheck("report");
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const results = path.join(folder, "bench/results");
  const files = await readdir(results);
  expect(files).toEqual([
    expect.stringMatching(/^NVIDIA-Test-[0-9-]{10}\.json$/),
    expect.stringMatching(/^NVIDIA-Test-[0-9-]{10}\.md$/)
  ]);
  expect(JSON.parse(await readFile(path.join(results, files[0] ?? ""), "utf8"))).toMatchObject({
    gpu: "NVIDIA Test",
    commit: "abc1234",
    driver: "550.1",
    cuda: "13.0",
    flash_attention: true,
    copy_gb_per_s: 4000,
    products: [
      { n: 4096, k: 4096, tokens: 1, contender: "MixLLM p10", us: 12.5, limit_us: 10 },
      { n: 768, k: 2048, experts: 128, of_token: 8, tokens: 32, contender: "MixLLM p10", us: 12.5, limit_us: 20 }
    ],
    models: [
      { model: "1b", type: "MixLLM p10", gpu_layers: 99, test: "pp512", tokens_per_second: 4000.5, deviation: 1.5 }
    ]
  });
  const tables = await readFile(path.join(results, files[1] ?? ""), "utf8");
  expect(tables).toContain("N x K = 768 x 2048, 8 of 128 experts");
  expect(tables).toMatch(/^\| 32 \| - \| 12\.5 \|/m);
});
