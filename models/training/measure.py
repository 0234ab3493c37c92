"""Measure a model folder with onnxruntime alone, along the very steps that Immich takes (facts/clip.md section 2)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from PIL import Image
from tokenizers import Tokenizer

from models.training.words import UNSEEN
from reactor.demo.pictures import KINDS

Vectors = NDArray[np.float32]


class Model:
    """A CLIP folder, opened with one thread on the CPU."""

    def __init__(self, folder: Path) -> None:
        settings = json.loads((folder / "visual" / "preprocess_cfg.json").read_text())
        self.pixels = int(settings["size"][0])
        self.mean = np.array(settings["mean"], np.float32)
        self.deviation = np.array(settings["std"], np.float32)
        context = json.loads((folder / "config.json").read_text())["text_cfg"]["context_length"]
        pad = json.loads((folder / "textual" / "tokenizer_config.json").read_text())["pad_token"]
        self.tokenizer = Tokenizer.from_file(str(folder / "textual" / "tokenizer.json"))
        self.tokenizer.enable_padding(length=context, pad_token=pad, pad_id=self.tokenizer.token_to_id(pad))
        self.tokenizer.enable_truncation(max_length=context)
        self.visual = _session(folder / "visual" / "model.onnx")
        self.textual = _session(folder / "textual" / "model.onnx")

    def prepared(self, picture: Image.Image) -> Vectors:
        """Return one picture as the network wants it, (3, S, S)."""
        side, image = self.pixels, picture.convert("RGB")
        if image.width < image.height:
            size = (side, int(image.height / image.width * side))
        else:
            size = (int(image.width / image.height * side), side)
        image = image.resize(size, Image.Resampling.BICUBIC)
        left, upper = int(image.width / 2 - side / 2), int(image.height / 2 - side / 2)
        cropped = np.asarray(image.crop((left, upper, left + side, upper + side)), np.float32) / np.float32(255)
        normal: Vectors = (cropped - self.mean) / self.deviation
        return normal.transpose(2, 0, 1)

    def pictures(self, pictures: Sequence[Image.Image], batch: int = 32) -> Vectors:
        """Return the vectors of pictures, (N, D)."""
        parts = [
            self.visual.run(None, {"image": np.stack([self.prepared(one) for one in pictures[start : start + batch]])})[
                0
            ]
            for start in range(0, len(pictures), batch)
        ]
        return np.concatenate(parts)

    def texts(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of texts, (N, D)."""
        ids = [self.tokenizer.encode(" ".join(text.split())).ids for text in texts]
        vectors: Vectors = self.textual.run(None, {"text": np.array(ids, np.int32)})[0]
        return vectors


def _session(file: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Shares of right answers over all kinds, with one unseen prompt a kind."""

    pictures: int
    top1: float
    top3: float
    worst: dict[str, float]


def accuracy(vectors: Vectors, kinds: Sequence[int], prompts: Vectors) -> Accuracy:
    """Return how often the right kind's prompt is the nearest, or among the nearest three."""
    order, truth = np.argsort(-(vectors @ prompts.T), 1), np.array(kinds)
    right = order[:, 0] == truth
    shares = {name: float(right[truth == kind].mean()) for kind, name in enumerate(KINDS)}
    worst = dict(sorted(shares.items(), key=lambda item: item[1])[:6])
    top3 = float((order[:, :3] == truth[:, None]).any(1).mean())
    return Accuracy(pictures=len(kinds), top1=float(right.mean()), top3=top3, worst=worst)


def prompts() -> list[str]:
    """Return the one unseen prompt of every kind, in the order of KINDS."""
    return [UNSEEN[kind] for kind in KINDS]


def random_pair_cosine(vectors: Vectors, seed: int = 0, count: int = 20_000) -> float:
    """Return the median cosine of random pairs of different pictures."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, len(vectors), count)
    second = (first + rng.integers(1, len(vectors), count)) % len(vectors)
    return float(np.median((vectors[first] * vectors[second]).sum(1)))
