"""Independent references of the demo model on made-up text: `compute_demo.py MODEL TEXT FOLDER` (README.md here).

Everything is float64 on the original framework's model. Writes to FOLDER

- demo.json: perplexity by the protocol of llama.cpp's `perplexity` (512 tokens a chunk, BOS in the first place, the second half scored),
  of the first CHUNKS chunks;
- demo-salience.safetensors: of every output channel of every decoder linear, by module name and in its row order,
  S_c = 1/|D| sum_d |g_d . D_c + 1/2 (g_d . D_c)^2| (MixLLM, section "global precision search"), where D_c is the change by plain rounding
  to 4 bits in groups of 128 and g_d the gradient of sample d's mean token loss, by automatic differentiation.

Needs torch, transformers and safetensors.
"""

import json
import math
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

CHUNK, CHUNKS = 512, 8
SAMPLES, LENGTH = 16, 128
GROUP = 128

model_path, text_path, folder = sys.argv[1:]
model = AutoModelForCausalLM.from_pretrained(model_path, dtype=torch.float64, attn_implementation="eager").eval()
tokenizer = AutoTokenizer.from_pretrained(model_path)
tokens = tokenizer.encode(open(text_path, encoding="utf-8").read(), add_special_tokens=False)
bos = tokenizer.bos_token_id


def losses(ids):
    """Cross entropy of every token but the first."""
    logits = model(torch.tensor([ids])).logits[0, :-1]
    return torch.nn.functional.cross_entropy(logits, torch.tensor(ids[1:]), reduction="none")


def perplexity():
    whole = [bos] + tokens
    total, count = 0.0, 0
    with torch.no_grad():
        for chunk in range(CHUNKS):
            ids = [bos] + whole[chunk * CHUNK + 1 : (chunk + 1) * CHUNK]
            scored = losses(ids)[CHUNK // 2 :]
            total, count = total + scored.sum().item(), count + len(scored)
    return math.exp(total / count)


def rounding_change(weight):
    """Change of a weight [N, K] by rounding to 4 bits, asymmetric, the scale rounded to half precision first."""
    n, k = weight.shape
    assert k % GROUP == 0
    w = weight.detach().reshape(n, k // GROUP, GROUP)
    low, high = w.amin(-1, keepdim=True).clamp(max=0), w.amax(-1, keepdim=True).clamp(min=0)
    scale = ((high - low).float() / 15).half().double()
    zero = torch.round(-low / scale)
    rounded = (torch.clamp(torch.round(w / scale) + zero, 0, 15) - zero) * scale
    return (rounded - w).reshape(n, k)


def salience():
    linears = {name: m for name, m in model.named_modules() if isinstance(m, torch.nn.Linear) and ".layers." in name}
    changes = {name: rounding_change(m.weight) for name, m in linears.items()}
    sums = {name: torch.zeros(m.weight.shape[0], dtype=torch.float64) for name, m in linears.items()}
    for sample in range(SAMPLES):
        ids = [bos] + tokens[sample * (LENGTH - 1) : (sample + 1) * (LENGTH - 1)]
        model.zero_grad()
        losses(ids).mean().backward()
        for name, m in linears.items():
            first_order = (m.weight.grad * changes[name]).sum(-1)
            sums[name] += (first_order + first_order**2 / 2).abs()
    return {name: (total / SAMPLES).float() for name, total in sums.items()}


with open(f"{folder}/demo.json", "w") as file:
    json.dump({"chunks": CHUNKS, "perplexity": perplexity(), "samples": SAMPLES, "sequenceLength": LENGTH}, file, indent=2)
    file.write("\n")
save_file(salience(), f"{folder}/demo-salience.safetensors")
