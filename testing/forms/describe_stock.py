"""Describes what llama.cpp's own converter makes of a model directory with `--outtype f16`, as stock-f16.json holds it:

    describe_stock.py LLAMA_CPP MODEL [PRE_TOKENIZER [OPTION...]] > stock-f16.json

LLAMA_CPP is a checkout of the release (README.md here), PRE_TOKENIZER the name it gives a byte-level vocabulary that it does not know by its
hash, OPTION a further option of that converter. Printed is every metadata key with its type and value, long lists as their length, the hash
of their compact JSON and their ends; and every tensor with its type, dimensions (fastest first) and the hash of its bytes. Needs torch,
transformers, sentencepiece and numpy.
"""

import hashlib
import json
import os
import runpy
import sys
import tempfile

llama_cpp, model, *rest = sys.argv[1:]
pre_tokenizer, options = (rest or [""])[0], rest[1:]
sys.path[:0] = [llama_cpp, os.path.join(llama_cpp, "gguf-py")]

import conversion.base
from gguf import GGUFReader, GGUFValueType

LONG = 32


def plain(value):
    """JSON's form of a value; integral floats as integers, as JavaScript prints them."""
    if isinstance(value, list):
        return [plain(element) for element in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def describe(field):
    names = [kind.name for kind in field.types]
    kind = f"ARRAY<{names[1]}>" if field.types[0] == GGUFValueType.ARRAY else names[0]
    value = plain(field.contents())
    if isinstance(value, list) and len(value) > LONG:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        digest = hashlib.sha256(text.encode()).hexdigest()
        value = {"length": len(value), "sha256OfJson": digest, "first": value[:4], "last": value[-4:]}
    return {"type": kind, "value": value}


if pre_tokenizer:
    conversion.base.TextModel.get_vocab_base_pre = lambda self, tokenizer: pre_tokenizer
output = os.path.join(tempfile.mkdtemp(), "stock.gguf")
sys.argv = ["convert_hf_to_gguf.py", model, "--outfile", output, "--outtype", "f16", *options]
runpy.run_path(os.path.join(llama_cpp, sys.argv[0]), run_name="__main__")
reader = GGUFReader(output)
description = {
    "metadata": {key: describe(field) for key, field in reader.fields.items() if not key.startswith("GGUF.")},
    "tensors": [
        {
            "name": tensor.name,
            "type": tensor.tensor_type.name,
            "ne": [int(extent) for extent in tensor.shape],
            "sha256": hashlib.sha256(tensor.data.tobytes()).hexdigest(),
        }
        for tensor in reader.tensors
    ],
}
json.dump(description, sys.stdout, indent=1, ensure_ascii=False)
print()
