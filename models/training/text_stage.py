"""Train the text tower alone on varied captions: `python -m models.training.text_stage --set set/train --run run`.

The picture tower is frozen. Neutral contexts and adjectives, put to captions of every kind alike, teach the text
tower to look past them: without this stage "on a table" means the kind that happens to be worded so.
"""

import argparse
import math
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from models.training.batches import RenderedSet, fits, load
from models.training.captions import Caption, varied
from models.training.losses import LOSSES, Contrastive, Pairwise
from models.training.network import PIXELS, Textual, Visual, normalised
from models.training.tokens import encode
from reactor.demo.pictures import KINDS

CAPTIONS = 128
PICTURES = 384
SCALE = 18.0
RATE = 6e-4


@dataclass(frozen=True, kw_only=True)
class Features:
    """Vectors of pictures (N, 256) with their kinds, attributes and the rows of every kind."""

    vectors: Tensor
    kinds: Tensor
    has: Tensor
    attributes: Sequence[tuple[str, ...]]
    rows: Sequence[Sequence[int]]


def features(rendered: RenderedSet, visual: Visual, count: int) -> Features:
    """Return the vectors of the first `count` pictures (the kinds take turns in the set)."""
    # Without the rim of four pixels: the middle of what training saw.
    vectors, chosen = [], rendered.pictures[:count, 4:124, 4:124]
    with torch.inference_mode():
        for start in range(0, count, 100):
            part = chosen[start : start + 100].permute(0, 3, 1, 2).float() / 255
            small = F.interpolate(part, (PIXELS, PIXELS), mode="bilinear", antialias=True)
            vectors.append(visual(normalised(small)))
    kinds = rendered.kinds[:count]
    rows = [torch.nonzero(kinds == kind).flatten().tolist() for kind in range(len(KINDS))]
    return Features(
        vectors=torch.cat(vectors).clone(),
        kinds=kinds,
        has=rendered.has[:count],
        attributes=rendered.attributes[:count],
        rows=rows,
    )


def captions(rng: random.Random, pictures: Features) -> list[Caption]:
    """Return varied captions, each for a random picture of a random kind."""
    chosen = []
    for _ in range(CAPTIONS):
        kind = rng.randrange(len(KINDS))
        chosen.append(varied(rng, KINDS[kind], pictures.attributes[rng.choice(pictures.rows[kind])]))
    return chosen


def loss_of(weights: Mapping[str, Any]) -> Contrastive | Pairwise:
    """Return the loss that the towers were trained by, its numbers frozen; softmax at a scale of its own."""
    loss = LOSSES[weights["loss"]]().requires_grad_(False)
    loss.load_state_dict(weights["loss_weights"])
    if isinstance(loss, Contrastive):
        loss.scale.fill_(math.log(SCALE))
    return loss


def tune(
    textual: Textual,
    tokenizer: Tokenizer,
    pictures: Features,
    measured: Contrastive | Pairwise,
    *,
    seconds: float,
    seed: int,
) -> int:
    """Train the text tower for that long; return the number of steps."""
    rng, steps, began = random.Random(seed), 0, time.monotonic()
    adam = torch.optim.AdamW(textual.parameters(), lr=RATE, weight_decay=0.02)
    while (share := (time.monotonic() - began) / seconds) < 1:
        chosen = captions(rng, pictures)
        rows = torch.randint(0, len(pictures.vectors), (PICTURES,))
        wanted = fits(chosen, pictures.kinds[rows], pictures.has[rows])
        texts = textual(encode(tokenizer, [caption.text for caption in chosen]))
        loss: Tensor = measured(texts @ pictures.vectors[rows].T, wanted)
        for group in adam.param_groups:
            group["lr"] = RATE * (1 - share) + 1e-6
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        steps += 1
    return steps


def main() -> None:
    """Read RUN/towers.pt, write RUN/tuned.pt."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=2.5)
    parser.add_argument("--pictures", type=int, default=6020)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    tokenizer = Tokenizer.from_file(str(options.run / "tokenizer.json"))
    weights = torch.load(options.run / "towers.pt")
    visual, textual = Visual().eval(), Textual(tokenizer.get_vocab_size())
    visual.load_state_dict(weights["visual"])
    textual.load_state_dict(weights["textual"])
    pictures = features(load(options.set), visual, options.pictures)
    steps = tune(textual, tokenizer, pictures, loss_of(weights), seconds=options.minutes * 60, seed=options.seed)
    torch.save({"visual": weights["visual"], "textual": textual.state_dict()}, options.run / "tuned.pt")
    print(f"{steps} steps of the text tower", flush=True)


if __name__ == "__main__":
    main()
