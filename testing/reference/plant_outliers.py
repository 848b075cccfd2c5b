"""Plants activation outliers in a model of the Llama family that go on computing the same.

    python plant_outliers.py MODEL TARGET [--norm 128] [--up 64] [--channels 3] [--seed 1]

In every layer the gains of some channels of both norms are multiplied by one factor and those input columns of the
linears behind them divided by it; likewise some rows of up_proj and columns of down_proj. With powers of two no weight
of a BF16 model is rounded.
"""

import argparse
import random
import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("model", type=Path, help="folder with config.json and model.safetensors")
parser.add_argument("target", type=Path)
parser.add_argument("--norm", type=float, default=128)
parser.add_argument("--up", type=float, default=64)
parser.add_argument("--channels", type=int, default=3)
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()

stored = load_file(options.model / "model.safetensors")
weights = {name: values.double() for name, values in stored.items()}
choose = random.Random(options.seed).sample

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

options.target.mkdir(parents=True, exist_ok=True)
for file in options.model.iterdir():
    if file.suffix != ".safetensors":
        shutil.copy(file, options.target)
rounded = {name: values.to(stored[name].dtype).contiguous() for name, values in weights.items()}
save_file(rounded, options.target / "model.safetensors", metadata={"format": "pt"})
