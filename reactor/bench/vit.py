"""A model of CLIP ViT-B/32's shape with random weights: as much work as the real one, and no download."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from reactor.bench.graph import WEIGHTS_FILE, Graph, Port

SEED = 20261121
CONTEXT, TEXT_WIDTH = 77, 64
PADDING, UNKNOWN = "<pad>", "<unk>"
WORDS = (PADDING, UNKNOWN, "a", "photo", "of", "the", "paper", "receipt", "screenshot", "mountain", "dog")
# OpenAI's numbers for CLIP, as Immich's preprocess_cfg.json carries them.
MEAN, STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
LAYER_NORM_EPSILON = 1e-5
QUICK_GELU = 1.702


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The sizes of an image tower; the defaults are ViT-B/32's (facts/clip.md section 4)."""

    side: int = 224
    patch: int = 32
    width: int = 768
    layers: int = 12
    heads: int = 12
    mlp: int = 3072
    dim: int = 512

    @property
    def tokens(self) -> int:
        return (self.side // self.patch) ** 2 + 1


def make_model(folder: Path, shape: Shape | None = None) -> Path:
    """Write a model folder as Immich's machine learning keeps it; the same shape gives the same bytes."""
    chosen = shape or Shape()
    for part in ("visual", "textual"):
        (folder / part).mkdir(parents=True)
    vision = {"image_size": chosen.side, "layers": chosen.layers, "width": chosen.width, "patch_size": chosen.patch}
    text = {"context_length": CONTEXT, "vocab_size": len(WORDS)}
    _write(folder / "config.json", {"embed_dim": chosen.dim, "vision_cfg": vision, "text_cfg": text})
    size = [chosen.side, chosen.side]
    _write(folder / "visual" / "preprocess_cfg.json", {"size": size, "mode": "RGB", "mean": MEAN, "std": STD})
    _write(folder / "textual" / "tokenizer_config.json", {"pad_token": PADDING})
    tokenizer = Tokenizer(WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "textual" / "tokenizer.json"))
    _image_tower(folder / "visual", chosen)
    _text_tower(folder / "textual", chosen.dim)
    return folder


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content), "utf-8")


class _Tower:
    """A graph under construction, and the source of its weights."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._chance = np.random.default_rng(SEED)

    def random(self, *shape: int, inputs: int) -> str:
        """Add random weights that keep the scale of what they are multiplied with."""
        drawn = self._chance.standard_normal(shape, dtype=np.float32)
        drawn *= np.float32(inputs**-0.5)
        return self.graph.weight(drawn)

    def numbers(self, *values: int) -> str:
        return self.graph.weight(np.array(values, np.int64))

    def linear(self, name: str, inputs: int, outputs: int) -> str:
        product = self.graph.node("MatMul", name, self.random(inputs, outputs, inputs=inputs))
        return self.graph.node("Add", product, self.random(outputs, inputs=outputs))

    def normed(self, name: str, width: int) -> str:
        ones, zeros = np.ones(width, np.float32), np.zeros(width, np.float32)
        weights = (self.graph.weight(ones), self.graph.weight(zeros))
        return self.graph.node("LayerNormalization", name, *weights, axis=-1, epsilon=LAYER_NORM_EPSILON)

    def scaled(self, name: str, factor: float) -> str:
        return self.graph.node("Mul", name, self.graph.weight(np.array(factor, np.float32)))

    def unit(self, name: str) -> None:
        """End the graph with the vector of length 1."""
        length = self.graph.node("ReduceL2", name, axes=[-1], keepdims=1)
        self.graph.node("Div", name, length, output="embedding")


def _image_tower(folder: Path, shape: Shape) -> None:
    with (folder / WEIGHTS_FILE).open("wb") as weights:
        graph = Graph(weights=weights)
        tower = _Tower(graph)
        kernel = tower.random(shape.width, 3, shape.patch, shape.patch, inputs=3 * shape.patch**2)
        patches = graph.node("Conv", "image", kernel, strides=[shape.patch, shape.patch])
        rows = graph.node("Reshape", patches, tower.numbers(1, shape.width, shape.tokens - 1))
        words = graph.node("Transpose", rows, perm=[0, 2, 1])
        whole = graph.node("Concat", tower.random(1, 1, shape.width, inputs=1), words, axis=1)
        placed = graph.node("Add", whole, tower.random(1, shape.tokens, shape.width, inputs=1))
        stream = tower.normed(placed, shape.width)
        for _ in range(shape.layers):
            stream = graph.node("Add", stream, _attention(tower, tower.normed(stream, shape.width), shape))
            stream = graph.node("Add", stream, _mlp(tower, tower.normed(stream, shape.width), shape))
        first = graph.node("Gather", stream, graph.weight(np.array(0, np.int64)), axis=1)
        last = tower.normed(first, shape.width)
        tower.unit(graph.node("MatMul", last, tower.random(shape.width, shape.dim, inputs=shape.width)))
        # One picture a run, as in the models that Immich's exporter makes (facts/clip.md section 2).
        image = Port(name="image", kind="float32", shape=(1, 3, shape.side, shape.side))
        graph.save(folder / "model.onnx", [image], [_embedding(shape.dim)])


def _attention(tower: _Tower, name: str, shape: Shape) -> str:
    graph, each = tower.graph, shape.width // shape.heads
    heads = tower.numbers(1, shape.tokens, shape.heads, each)

    def projected(perm: list[int]) -> str:
        flat = tower.linear(name, shape.width, shape.width)
        return graph.node("Transpose", graph.node("Reshape", flat, heads), perm=perm)

    query, key, value = projected([0, 2, 1, 3]), projected([0, 2, 3, 1]), projected([0, 2, 1, 3])
    scores = graph.node("MatMul", tower.scaled(query, each**-0.5), key)
    seen = graph.node("MatMul", graph.node("Softmax", scores, axis=-1), value)
    joined = graph.node("Transpose", seen, perm=[0, 2, 1, 3])
    flat = graph.node("Reshape", joined, tower.numbers(1, shape.tokens, shape.width))
    return tower.linear(flat, shape.width, shape.width)


def _mlp(tower: _Tower, name: str, shape: Shape) -> str:
    wide = tower.linear(name, shape.width, shape.mlp)
    gate = tower.graph.node("Sigmoid", tower.scaled(wide, QUICK_GELU))
    return tower.linear(tower.graph.node("Mul", wide, gate), shape.mlp, shape.width)


def _text_tower(folder: Path, dim: int) -> None:
    """Write a small text tower: prompts are embedded once and kept, so its work is no part of a photo's."""
    with (folder / WEIGHTS_FILE).open("wb") as weights:
        graph = Graph(weights=weights)
        tower = _Tower(graph)
        words = graph.node("Gather", tower.random(len(WORDS), TEXT_WIDTH, inputs=1), "text", axis=0)
        placed = graph.node("Mul", words, tower.random(CONTEXT, 1, inputs=1))
        total = graph.node("ReduceSum", placed, tower.numbers(1), keepdims=0)
        tower.unit(graph.node("MatMul", total, tower.random(TEXT_WIDTH, dim, inputs=TEXT_WIDTH)))
        text = Port(name="text", kind="int32", shape=(1, CONTEXT))
        graph.save(folder / "model.onnx", [text], [_embedding(dim)])


def _embedding(dim: int) -> Port:
    return Port(name="embedding", kind="float32", shape=(1, dim))
