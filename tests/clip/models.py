"""Small random models in Immich's folder layout, and pictures to try them on."""

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageDraw
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

SIZE, CONTEXT, DIM, WIDTH = 32, 8, 24, 16
MEAN, STD = [0.48, 0.46, 0.41], [0.27, 0.26, 0.28]
WORDS = ["<pad>", "<s>", "</s>", "<unk>", "a", "dog", "cat", "on", "grass", "red", "Dog", "!", "eng_Latna"]
PATCHES = SIZE // 8
BRIGHT = 1.0


def make_model(
    folder: Path,
    *,
    batch: str | int = "batch",
    masked: bool = False,
    text_cfg: dict[str, Any] | None = None,
    work: int = 0,
    hungry: int = 0,
    always: bool = False,
) -> Path:
    """Write a model; ``batch`` is its batch axis, ``masked`` makes it M-CLIP, ``work`` slows the image tower down.

    A ``hungry`` one fills so many further floats for a picture with a bright spot and for a prompt with ``Dog``, or
    ``always`` for every picture.
    """
    for part in ("visual", "textual"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    text = {"context_length": CONTEXT, "vocab_size": len(WORDS), **(text_cfg or {})}
    _write(folder / "config.json", {"embed_dim": DIM, "vision_cfg": {"image_size": SIZE}, "text_cfg": text})
    cfg = {"size": [SIZE, SIZE], "mode": "RGB", "mean": MEAN, "std": STD, "interpolation": "bicubic"}
    _write(folder / "visual" / "preprocess_cfg.json", cfg)
    _write(folder / "textual" / "tokenizer_config.json", {"pad_token": "<pad>"})
    tokenizer = Tokenizer(WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    tokenizer.save(str(folder / "textual" / "tokenizer.json"))
    onnx.save(_image_tower(batch, work, hungry, always=always), str(folder / "visual" / "model.onnx"))
    onnx.save(_text_tower(batch, masked, hungry), str(folder / "textual" / "model.onnx"))
    return folder


def model_of(
    nodes: list[Any], inputs: list[Any], weights: dict[str, NDArray[Any]], outputs: list[Any]
) -> onnx.ModelProto:
    """Build a graph that onnxruntime takes."""
    kept = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "tower", inputs, outputs, kept)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def picture(width: int, height: int, *, kind: str = "JPEG", seed: int = 0, mode: str = "RGB", **how: Any) -> bytes:
    """Return a picture with edges and noise."""
    rng = np.random.default_rng(seed)
    image = Image.fromarray(rng.integers(0, 255, (height, width, 3), dtype=np.uint8).astype(np.uint8) // 4)
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        left, top = int(rng.integers(width)), int(rng.integers(height))
        draw.ellipse(
            (left, top, left + width // 3, top + height // 4), fill=tuple(int(c) for c in rng.integers(0, 255, 3))
        )
    out = BytesIO()
    image.convert(mode).save(out, kind, **how)
    return out.getvalue()


def flat(level: int, side: int = 64) -> bytes:
    """Return a square picture of one grey, 0..255."""
    out = BytesIO()
    Image.new("RGB", (side, side), (level, level, level)).save(out, "PNG")
    return out.getvalue()


def pictures(count: int) -> Sequence[bytes]:
    """Return different pictures of different shapes."""
    return [picture(90 + 13 * n, 120 - 3 * n, seed=n) for n in range(count)]


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content))


def _weights(seed: int, *shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, 0.3, shape).astype(np.float32)


def _unit(name: str) -> list[Any]:
    length = helper.make_node("ReduceL2", [name], ["length"], axes=[1], keepdims=1)
    return [length, helper.make_node("Div", [name, "length"], ["embedding"])]


def _image_tower(batch: str | int, work: int, hungry: int, *, always: bool) -> onnx.ModelProto:
    weights = {
        "kernel": _weights(1, WIDTH, 3, 8, 8),
        "out": _weights(2, WIDTH * PATCHES**2, DIM),
        "bias": _weights(3, DIM),
    }
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["patches"], strides=[8, 8]),
        helper.make_node("Tanh", ["patches"], ["active"]),
        helper.make_node("Flatten", ["active"], ["flat"]),
        helper.make_node("Gemm", ["flat", "out", "bias"], ["plain"]),
    ]
    busy, last = _busy(work, "plain")
    if hungry:
        # The grey picture of the try-out stays below, so that the model can be loaded.
        eating, more, last = _hungry(hungry, "image", -99.0 if always else BRIGHT, last)
        busy, weights = busy + eating, weights | more
    if work:
        weights |= {"square": np.full((1200, 1200), 1e-4, np.float32), "nothing": np.zeros((), np.float32)}
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 3, SIZE, SIZE])
    embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [batch, DIM])
    return model_of([*nodes, *busy, *_unit(last)], [image], weights, [embedding])


def _busy(work: int, name: str) -> tuple[list[Any], str]:
    """Return nodes that multiply large matrices in vain, and the name of what they pass on unchanged."""
    if not work:
        return [], name
    nodes = [
        helper.make_node("ReduceMean", [name], ["mean"], keepdims=0),
        helper.make_node("Mul", ["square", "mean"], ["step0"]),
        *(helper.make_node("MatMul", [f"step{n}", "square"], [f"step{n + 1}"]) for n in range(work)),
        helper.make_node("ReduceMean", [f"step{work}"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "nothing"], ["zero"]),
        helper.make_node("Add", [name, "zero"], ["passed"]),
    ]
    return nodes, "passed"


def _hungry(floats: int, source: str, above: float, name: str) -> tuple[list[Any], dict[str, NDArray[Any]], str]:
    """Return nodes that fill memory where the source's largest number is above a limit, and what they pass on."""
    nodes = [
        helper.make_node("Cast", [source], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["numbers"], ["top"], keepdims=0),
        helper.make_node("Greater", ["top", "above"], ["wanted"]),
        helper.make_node("Cast", ["wanted"], ["times"], to=TensorProto.INT64),
        helper.make_node("Mul", ["times", "floats"], ["more"]),
        helper.make_node("Add", ["more", "one"], ["count"]),
        helper.make_node("ConstantOfShape", ["count"], ["heap"]),
        helper.make_node("ReduceMax", ["heap"], ["naught"], keepdims=0),
        helper.make_node("Add", [name, "naught"], ["fed"]),
    ]
    numbers = {"floats": np.array([floats], np.int64), "one": np.array([1], np.int64)}
    return nodes, {"above": np.array(above, np.float32), **numbers}, "fed"


def _text_tower(batch: str | int, masked: bool, hungry: int) -> onnx.ModelProto:
    weights = {
        "table": _weights(4, len(WORDS), WIDTH),
        "places": _weights(5, CONTEXT, 1),
        "out": _weights(6, WIDTH, DIM),
    }
    names = ["input_ids", "attention_mask"] if masked else ["text"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT32, [batch, CONTEXT]) for name in names]
    nodes = [
        helper.make_node("Gather", ["table", names[0]], ["words"]),
        helper.make_node("Mul", ["words", "places"], ["placed"]),
    ]
    last = "placed"
    weights_of_axes: dict[str, NDArray[Any]] = {"axis": np.array([1], np.int64), "last": np.array([2], np.int64)}
    if masked:
        nodes += [
            helper.make_node("Cast", ["attention_mask"], ["ones"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["ones", "last"], ["mask"]),
            helper.make_node("Mul", ["placed", "mask"], ["seen"]),
        ]
        last = "seen"
    nodes += [
        helper.make_node("ReduceSum", [last, "axis"], ["sum"], keepdims=0),
        helper.make_node("MatMul", ["sum", "out"], ["plain"]),
    ]
    last = "plain"
    if hungry:
        eating, more, last = _hungry(hungry, names[0], WORDS.index("Dog") - 0.5, last)
        nodes, weights = nodes + eating, weights | more
    embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [batch, DIM])
    return model_of([*nodes, *_unit(last)], inputs, weights | weights_of_axes, [embedding])
