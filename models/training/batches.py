"""The rendered set, its augmentation, and batches of pictures with captions."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import IterableDataset

from models.training.captions import Caption, sample
from models.training.network import PIXELS, normalised
from models.training.tokens import encode
from models.training.words import ATTRIBUTES
from reactor.demo.pictures import KINDS

ASKED: tuple[str | None, ...] = (None, *ATTRIBUTES)


@dataclass(frozen=True, kw_only=True)
class RenderedSet:
    """Pictures (N, 128, 128, 3) uint8, their kinds (N) and attributes, and which attributes each has (N, 1 + all)."""

    pictures: Tensor
    kinds: Tensor
    attributes: list[tuple[str, ...]]
    has: Tensor


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Augmented pictures, token ids, and the matrix that says which caption fits which picture."""

    pictures: Tensor
    texts: Tensor
    fits: Tensor


def load(path: Path) -> RenderedSet:
    """Read what render_set wrote; raises ValueError if the kinds have changed since."""
    truth = json.loads(path.with_suffix(".json").read_text())
    if tuple(truth["names"]) != KINDS:
        raise ValueError(f"{path} was rendered with other kinds of picture: render it anew.")
    attributes = [tuple(special) for special in truth["attributes"]]
    has = torch.zeros(len(attributes), len(ASKED))
    has[:, 0] = 1
    for row, special in enumerate(attributes):
        for attribute in special:
            has[row, ASKED.index(attribute)] = 1
    pictures = torch.from_numpy(np.load(path.with_suffix(".npy")))
    return RenderedSet(pictures=pictures, kinds=torch.tensor(truth["kinds"]), attributes=attributes, has=has)


def fits(captions: Sequence[Caption], kinds: Tensor, has: Tensor) -> Tensor:
    """Return (captions, pictures): 1 where the caption fits a picture of that kind with these attributes."""
    wanted = torch.zeros(len(captions), len(KINDS))
    for row, caption in enumerate(captions):
        wanted[row, list(caption.kinds)] = 1
    asked = [ASKED.index(caption.attribute) for caption in captions]
    return wanted[:, kinds] * has[:, asked].T


def grain(count: int = 192) -> Tensor:
    """Return a bank of 1/f noise of unit deviation, (count, 80, 80)."""
    rng = np.random.default_rng(5)
    waves = np.fft.rfft2(rng.standard_normal((count, PIXELS, PIXELS)))
    radius = np.hypot(np.fft.fftfreq(PIXELS)[:, None], np.fft.rfftfreq(PIXELS)[None])
    radius[0, 0] = 1
    waves /= radius ** rng.uniform(0.3, 1.6, (count, 1, 1))
    waves[:, 0, 0] = 0
    noise = np.fft.irfft2(waves, s=(PIXELS, PIXELS))
    return torch.from_numpy((noise / noise.std((1, 2), keepdims=True)).astype(np.float32))


def augment(rng: random.Random, pictures: Tensor, bank: Tensor) -> Tensor:
    """Return pictures (N, 128, 128, 3) cropped, stretched, blurred, recoloured and with noise, (N, 3, 80, 80)."""
    x = _cropped(rng, pictures.permute(0, 3, 1, 2).float().div_(255))
    if rng.random() < 0.35:
        x = F.interpolate(F.avg_pool2d(x, rng.choice((2, 2, 3))), (PIXELS, PIXELS), mode="bilinear")
    if rng.random() < 0.5:
        x = x.flip(3)
    count = len(x)
    mean = x.mean((2, 3), keepdim=True)
    x = (x - mean) * (0.6 + 0.9 * torch.rand(count, 1, 1, 1)) + mean
    grey = x.mean(1, keepdim=True)
    colourful = (torch.rand(count, 1, 1, 1) * 1.5 + 0.1) * (torch.rand(count, 1, 1, 1) > 0.08)
    x = grey + (x - grey) * colourful
    x = x * (0.75 + 0.5 * torch.rand(count, 3, 1, 1)) + (torch.rand(count, 1, 1, 1) - 0.5) * 0.3
    noise = bank[torch.randint(0, len(bank), (count,))][:, None]
    x = x + noise * torch.rand(count, 1, 1, 1) ** 2 * 0.13
    return normalised(x.clamp(0, 1)).contiguous(memory_format=torch.channels_last)


def _cropped(rng: random.Random, x: Tensor) -> Tensor:
    full = x.shape[-1]
    side = rng.randint(76, full)
    top, left = rng.randint(0, full - side), rng.randint(0, full - side)
    stretch = rng.choice((1.0, 1.0, 1.0, 1.2, 0.85))
    height, width = int(side / max(1, stretch)), int(side * min(1, stretch))
    return F.interpolate(x[:, :, top : top + height, left : left + width], (PIXELS, PIXELS), mode="bilinear")


class Batches(IterableDataset[Batch]):
    """Endless batches; made for one loader process."""

    def __init__(self, rendered: RenderedSet, tokenizer: Tokenizer, size: int, seed: int) -> None:
        self.rendered, self.tokenizer, self.size, self.seed = rendered, tokenizer, size, seed

    def __iter__(self) -> Iterator[Batch]:
        """Yield batches for ever."""
        torch.set_num_threads(1)
        torch.manual_seed(self.seed)
        rng, bank, data = random.Random(self.seed), grain(), self.rendered
        while True:
            rows = torch.randint(0, len(data.pictures), (self.size,))
            kinds = data.kinds[rows]
            captions = [sample(rng, KINDS[data.kinds[row]], data.attributes[row]) for row in rows.tolist()]
            yield Batch(
                pictures=augment(rng, data.pictures[rows], bank),
                texts=encode(self.tokenizer, [caption.text for caption in captions]),
                fits=fits(captions, kinds, data.has[rows]).T,
            )
