"""Export, quantise and measure: `python -m models.training.export --run run --held-out set/test --out models/demo`.

Writes the folder that Immich's machine-learning container would cache (facts/clip.md section 2) with int8 weights.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from PIL import Image
from tokenizers import Tokenizer
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from models.training.measure import Model, Vectors, accuracy, prompts, random_pair_cosine
from models.training.network import CONTEXT, DEVIATION, MEAN, PIXELS, WIDTH, Residual, Textual, Visual

NAME = "ViT-Tiny-Demo"
# Smaller weights (biases, norms) stay float32: they are a few kB and carry the most per number.
QUANTISED_FROM = 2048
EXPORT_BATCH = 2


def fused(visual: Visual) -> Visual:
    """Return the tower with every batch norm folded into its convolution, so that int8 scales see the final weights."""
    for block in visual.net:
        pairs = (("first", "first_norm"), ("second", "second_norm")) if isinstance(block, Residual) else (("0", "1"),)
        for convolution, norm in pairs:
            kernel, scale = block.get_submodule(convolution), block.get_submodule(norm)
            assert isinstance(kernel, nn.Conv2d) and isinstance(scale, nn.BatchNorm2d)
            block.add_module(convolution, fuse_conv_bn_eval(kernel, scale))
            block.add_module(norm, nn.Identity())
    return visual


def to_onnx(tower: nn.Module, example: torch.Tensor, name: str, file: Path) -> None:
    """Write a tower as ONNX with a free batch axis; input `name`, output `embedding`."""
    batch = torch.export.Dim("batch", min=1, max=512)
    torch.onnx.export(
        tower,
        (example,),
        str(file),
        input_names=[name],
        output_names=["embedding"],
        dynamo=True,
        dynamic_shapes=({0: batch},),
        opset_version=18,
        external_data=False,
        verbose=False,
    )


def quantise(file: Path, axes: Mapping[int, int]) -> None:
    """Store the large weights of an ONNX file as int8 with a scale for each output.

    Weights only, activations stay float32: a vector then does not depend on the batch that it was computed in.
    `axes` names the output axis by the weight's number of dimensions. The runtime folds Cast and Mul at load.
    """
    model = onnx.load(file)
    graph = model.graph
    _forget_the_making(model)
    kept, made = [], []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < QUANTISED_FROM or values.ndim not in axes:
            kept.append(weight)
            continue
        others = tuple(axis for axis in range(values.ndim) if axis != axes[values.ndim])
        scale = np.maximum(np.abs(values).max(axis=others, keepdims=True) / 127, 1e-12).astype(np.float32)
        small = np.round(values / scale).astype(np.int8)
        name = weight.name
        kept += [numpy_helper.from_array(small, f"{name}_int8"), numpy_helper.from_array(scale, f"{name}_scale")]
        made.append(helper.make_node("Cast", [f"{name}_int8"], [f"{name}_cast"], to=onnx.TensorProto.FLOAT))
        made.append(helper.make_node("Mul", [f"{name}_cast", f"{name}_scale"], [name]))
    nodes = [*made, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, file)


def _forget_the_making(model: onnx.ModelProto) -> None:
    """Drop what the exporter notes beside the graph: stack traces with local paths, shapes of values that change."""
    graph = model.graph
    del graph.value_info[:], graph.metadata_props[:], model.metadata_props[:]
    for part in (*graph.node, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""


def write_folder(run: Path, folder: Path) -> None:
    """Write both towers in float32 with Immich's settings files around them."""
    weights = torch.load(run / "tuned.pt")
    tokenizer = Tokenizer.from_file(str(run / "tokenizer.json"))
    visual, textual = Visual(), Textual(tokenizer.get_vocab_size())
    visual.load_state_dict(weights["visual"])
    textual.load_state_dict(weights["textual"])
    for part in ("visual", "textual"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    picture = torch.randn(EXPORT_BATCH, 3, PIXELS, PIXELS)
    to_onnx(fused(visual.eval()), picture, "image", folder / "visual" / "model.onnx")
    ids = torch.ones(EXPORT_BATCH, CONTEXT, dtype=torch.int32)
    to_onnx(textual.eval(), ids, "text", folder / "textual" / "model.onnx")
    tokenizer.save(str(folder / "textual" / "tokenizer.json"), pretty=False)
    _write_settings(folder, tokenizer.get_vocab_size())


def _write_settings(folder: Path, vocabulary: int) -> None:
    vision = {"image_size": PIXELS, "layers": [1, 2, 2], "width": 40, "patch_size": 4}
    text = {"context_length": CONTEXT, "vocab_size": vocabulary, "width": 128, "heads": 4, "layers": 2}
    _write(folder / "config.json", {"embed_dim": WIDTH, "vision_cfg": vision, "text_cfg": text})
    preprocessing = {
        "size": [PIXELS, PIXELS],
        "mode": "RGB",
        "mean": MEAN,
        "std": DEVIATION,
        "interpolation": "bicubic",
        "resize_mode": "shortest",
        "fill_color": 0,
    }
    _write(folder / "visual" / "preprocess_cfg.json", preprocessing)
    marks = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    _write(folder / "textual" / "tokenizer_config.json", marks | {"model_max_length": CONTEXT})


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=1) + "\n")


def single_against_batch(model: Model, pictures: list[Image.Image]) -> float:
    """Return the smallest cosine between a vector computed alone and in a batch, pictures and texts together."""
    texts = prompts()
    alone = np.concatenate([model.pictures(pictures, batch=1), *(model.texts([text]) for text in texts)])
    together: Vectors = np.concatenate([model.pictures(pictures), model.texts(texts)])
    return float((alone * together).sum(1).min())


def main() -> None:
    """Write OUT/ViT-Tiny-Demo and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    folder = options.out / NAME
    write_folder(options.run, folder)
    truth = json.loads(options.held_out.with_suffix(".json").read_text())
    pictures = [Image.fromarray(picture) for picture in np.load(options.held_out.with_suffix(".npy"), mmap_mode="r")]
    exact = Model(folder)
    float_vectors, float_texts = exact.pictures(pictures), exact.texts(prompts())
    before = accuracy(float_vectors, truth["kinds"], float_texts)
    # Convolutions and Gemm keep (out, in, ...); the text tower's matrices are (in, out).
    quantise(folder / "visual" / "model.onnx", {4: 0, 2: 0})
    quantise(folder / "textual" / "model.onnx", {2: 1})
    small = Model(folder)
    vectors, texts = small.pictures(pictures), small.texts(prompts())
    after = accuracy(vectors, truth["kinds"], texts)
    quality = {
        "top1_unseen_prompts": round(after.top1, 4),
        "top3_unseen_prompts": round(after.top3, 4),
        "top1_unseen_prompts_float32": round(before.top1, 4),
        "pictures": after.pictures,
        "kinds": len(prompts()),
        "lowest_cosine_to_float32": round(float((vectors * float_vectors).sum(1).min()), 5),
        "lowest_cosine_single_to_batch": round(single_against_batch(small, pictures[:86]), 6),
    }
    pair = round(random_pair_cosine(vectors), 4)
    _write(folder / "reactor.json", {"name": NAME, "random_pair_cosine": pair, "quality": quality})
    print(json.dumps({"int8": asdict(after), "float32": asdict(before), "pair": pair, **quality}, indent=1))


if __name__ == "__main__":
    main()
