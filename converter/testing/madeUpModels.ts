import { pseudoRandom } from "../../testing/pseudoRandom.js";
import type { EditableGguf } from "./EditableGguf.js";

/** A model of an architecture that no trained test model has, with what is special about it. */
export interface MadeUpModel {
  /** llama.cpp's name. */
  readonly architecture: string;
  /** Keys without the architecture's name; whole numbers are 32-bit ones unless written as `{ float }`. */
  readonly metadata: Readonly<Record<string, number | { readonly float: number }>>;
  /** Shapes, fastest dimension first; those of `blk.*` are of every block. */
  readonly tensors: Readonly<Record<string, readonly number[]>>;
}

const HIDDEN = 128;
const NORM = [HIDDEN];

/** DeepSeek V2: keys and values from one latent vector, experts chosen within the best of some groups. */
const deepseek2: MadeUpModel = {
  architecture: "deepseek2",
  metadata: {
    block_count: 2,
    context_length: 256,
    embedding_length: HIDDEN,
    feed_forward_length: 64,
    leading_dense_block_count: 0,
    expert_feed_forward_length: 32,
    expert_count: 8,
    expert_used_count: 2,
    expert_shared_count: 1,
    expert_group_count: 4,
    expert_group_used_count: 2,
    expert_gating_func: 2,
    expert_weights_scale: { float: 1 },
    "attention.head_count": 2,
    "attention.head_count_kv": 1,
    "attention.q_lora_rank": 32,
    "attention.kv_lora_rank": 64,
    "attention.key_length": 64 + 16,
    "attention.value_length": 64,
    "attention.key_length_mla": 32 + 16,
    "attention.value_length_mla": 32,
    "attention.layer_norm_rms_epsilon": { float: 1e-6 },
    "rope.dimension_count": 16,
    "rope.freq_base": { float: 10000 }
  },
  tensors: {
    "output_norm.weight": NORM,
    "blk.*.attn_norm.weight": NORM,
    "blk.*.attn_q_a.weight": [HIDDEN, 32],
    "blk.*.attn_q_a_norm.weight": [32],
    "blk.*.attn_q_b.weight": [32, 2 * (32 + 16)],
    "blk.*.attn_kv_a_mqa.weight": [HIDDEN, 64 + 16],
    "blk.*.attn_kv_a_norm.weight": [64],
    "blk.*.attn_k_b.weight": [32, 64, 2],
    "blk.*.attn_v_b.weight": [64, 32, 2],
    "blk.*.attn_output.weight": [2 * 32, HIDDEN],
    "blk.*.ffn_norm.weight": NORM,
    "blk.*.ffn_gate_inp.weight": [HIDDEN, 8],
    "blk.*.exp_probs_b.bias": [8],
    "blk.*.ffn_gate_exps.weight": [HIDDEN, 32, 8],
    "blk.*.ffn_up_exps.weight": [HIDDEN, 32, 8],
    "blk.*.ffn_down_exps.weight": [32, HIDDEN, 8],
    "blk.*.ffn_gate_shexp.weight": [HIDDEN, 32],
    "blk.*.ffn_up_shexp.weight": [HIDDEN, 32],
    "blk.*.ffn_down_shexp.weight": [32, HIDDEN]
  }
};

/** GPT-2: positions looked up in a table, which samples may be as long as. */
const gpt2: MadeUpModel = {
  architecture: "gpt2",
  metadata: {
    block_count: 2,
    context_length: 256,
    embedding_length: HIDDEN,
    feed_forward_length: 64,
    "attention.head_count": 2,
    "attention.layer_norm_epsilon": { float: 1e-5 }
  },
  tensors: {
    "position_embd.weight": [HIDDEN, 256],
    "output_norm.weight": NORM,
    "output_norm.bias": NORM,
    "blk.*.attn_norm.weight": NORM,
    "blk.*.attn_norm.bias": NORM,
    "blk.*.attn_qkv.weight": [HIDDEN, 3 * HIDDEN],
    "blk.*.attn_qkv.bias": [3 * HIDDEN],
    "blk.*.attn_output.weight": [HIDDEN, HIDDEN],
    "blk.*.attn_output.bias": NORM,
    "blk.*.ffn_norm.weight": NORM,
    "blk.*.ffn_norm.bias": NORM,
    "blk.*.ffn_up.weight": [HIDDEN, 64],
    "blk.*.ffn_up.bias": [64],
    "blk.*.ffn_down.weight": [64, HIDDEN],
    "blk.*.ffn_down.bias": NORM
  }
};

/** HRM: two stacks of a block each that run several times over. */
const hrm: MadeUpModel = {
  architecture: "hrm_text",
  metadata: {
    block_count: 8,
    context_length: 256,
    embedding_length: HIDDEN,
    feed_forward_length: 64,
    "hrm.layers_per_stack": 1,
    "hrm.h_cycles": 2,
    "hrm.l_cycles": 3,
    "attention.head_count": 2,
    "attention.head_count_kv": 2,
    "attention.key_length": 64,
    "attention.value_length": 64,
    "attention.layer_norm_rms_epsilon": { float: 1e-5 },
    "rope.dimension_count": 64,
    "rope.freq_base": { float: 10000 }
  },
  tensors: {
    "hrm.z_l_init": NORM,
    "blk.*.attn_q.weight": [HIDDEN, HIDDEN],
    "blk.*.attn_k.weight": [HIDDEN, HIDDEN],
    "blk.*.attn_v.weight": [HIDDEN, HIDDEN],
    "blk.*.attn_gate.weight": [HIDDEN, HIDDEN],
    "blk.*.attn_output.weight": [HIDDEN, HIDDEN],
    "blk.*.ffn_gate.weight": [HIDDEN, 64],
    "blk.*.ffn_up.weight": [HIDDEN, 64],
    "blk.*.ffn_down.weight": [64, HIDDEN]
  }
};

export const MADE_UP_MODELS = { deepseek2, gpt2, hrm };

/**
 * Writes a made-up model in F32 with two blocks' weights, random ones that its name decides.
 *
 * @param tokenizer a model whose tokenizer it gets
 */
export function writeMadeUpModel(model: MadeUpModel, tokenizer: EditableGguf, file: string): string {
  const gguf = tokenizer.copy();
  for (const key of gguf.metadata.keys()) if (!key.startsWith("tokenizer.")) gguf.metadata.delete(key);
  gguf.setString("general.architecture", model.architecture);
  for (const [key, value] of Object.entries(model.metadata)) {
    if (typeof value === "number") gguf.setUint32(`${model.architecture}.${key}`, value);
    else gguf.setFloat32(`${model.architecture}.${key}`, value.float);
  }
  const vocabulary = tokenizer.tensor("token_embd.weight").ne[1] ?? 0;
  const all = Object.entries(model.tensors).flatMap(([name, ne]) =>
    (name.startsWith("blk.") ? [0, 1] : [0]).map((block) => ({ name: name.replace("*", String(block)), ne }))
  );
  const matrices = ["token_embd.weight", "output.weight"].map((name) => ({ name, ne: [HIDDEN, vocabulary] }));
  gguf.tensors = [...matrices, ...all].map(({ name, ne }) => {
    const random = pseudoRandom(Buffer.from(name).reduce((sum, byte) => (31 * sum + byte) | 0, 7));
    const isNorm = name.endsWith("norm.weight");
    const values = Float32Array.from({ length: ne.reduce((product, size) => product * size, 1) }, () =>
      isNorm ? 0.5 + random() : 0.4 * random() - 0.2
    );
    return { name, type: "f32", ne: [...ne], data: new Uint8Array(values.buffer) };
  });
  return gguf.write(file);
}
