"""Plants extreme values in a model of the Llama family.

    python plant_outliers.py MODEL TARGET [--norm 128] [--up 64] [--value 1] [--channels 3] [--feed-forward 1]
        [--zero-embeddings 0] [--seed 1]

In every layer the gains of some channels of both norms are multiplied by one factor and those input columns of the
linears behind them divided by it; likewise some rows of up_proj and columns of down_proj, some rows of v_proj and
columns of o_proj, and all channels of the feed-forward's norm. The model goes on computing the same; with powers of two
no weight of a BF16 model is rounded. Embeddings that become zero make another model of it.
"""

import argparse
import json
import random
import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("model", type=Path, help="folder with config.json and model.safetensors")
parser.add_argument("target", type=Path)
parser.add_argument("--norm", type=float, default=128)
parser.add_argument("--up", type=float, default=64)
parser.add_argument("--value", type=float, default=1)
parser.add_argument("--channels", type=int, default=3)
parser.add_argument("--feed-forward", type=float, default=1, help="factor of the feed-forward's whole input")
parser.add_argument("--zero-embeddings", type=float, default=0, help="share of the tokens whose embedding becomes zero")
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()

stored = load_file(options.model / "model.safetensors")
weights = {name: values.double() for name, values in stored.items()}
choose = random.Random(options.seed).sample

config = json.loads((options.model / "config.json").read_text())
heads, value_heads = config["num_attention_heads"], config["num_key_value_heads"]

layer = 0
while (prefix := f"model.layers.{layer}.") + "input_layernorm.weight" in weights:
    for norm, readers in (
        ("input_layernorm", ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")),
        ("post_attention_layernorm", ("mlp.gate_proj", "mlp.up_proj")),
    ):
        gain = weights[f"{prefix}{norm}.weight"]
        channels = choose(range(gain.numel()), options.channels)
        gain[channels] *= options.norm
        for reader in readers:
            weights[f"{prefix}{reader}.weight"][:, channels] /= options.norm
    up = weights[f"{prefix}mlp.up_proj.weight"]
    channels = choose(range(up.shape[0]), options.channels)
    up[channels] *= options.up
    weights[f"{prefix}mlp.down_proj.weight"][:, channels] /= options.up
    layer += 1

for prefix in (f"model.layers.{number}." for number in range(layer)):
    value = weights[f"{prefix}self_attn.v_proj.weight"]
    channels = choose(range(value.shape[0]), options.channels)
    value[channels] *= options.value
    head_length = value.shape[0] // value_heads
    for channel in channels:  # each head of values serves several heads of queries
        for head in range(heads):
            if head // (heads // value_heads) == channel // head_length:
                column = head * head_length + channel % head_length
                weights[f"{prefix}self_attn.o_proj.weight"][:, column] /= options.value
    weights[f"{prefix}post_attention_layernorm.weight"] *= options.feed_forward
    for reader in ("gate_proj", "up_proj"):
        weights[f"{prefix}mlp.{reader}.weight"] /= options.feed_forward
embeddings = weights["model.embed_tokens.weight"]
embeddings[choose(range(embeddings.shape[0]), round(options.zero_embeddings * embeddings.shape[0]))] = 0

options.target.mkdir(parents=True, exist_ok=True)
for file in options.model.iterdir():
    if file.suffix != ".safetensors":
        shutil.copy(file, options.target)
rounded = {name: values.to(stored[name].dtype).contiguous() for name, values in weights.items()}
save_file(rounded, options.target / "model.safetensors", metadata={"format": "pt"})
