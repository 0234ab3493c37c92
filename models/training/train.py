"""Train both towers together: `python -m models.training.train --set set/train --out run --minutes 18`."""

import argparse
import math
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from models.training.batches import Batch, Batches, load
from models.training.captions import held_out
from models.training.losses import LOSSES, Contrastive, Pairwise
from models.training.network import Textual, Visual
from models.training.tokens import learn

BATCH = 128
RATE = 2e-3
REPORT_EVERY = 200


@dataclass(frozen=True, kw_only=True)
class Towers:
    """What is trained: both towers, and the numbers that the loss learns beside them."""

    visual: Visual
    textual: Textual
    loss: Contrastive | Pairwise

    def save(self, path: Path) -> None:
        """Write the weights."""
        weights = {"visual": self.visual.state_dict(), "textual": self.textual.state_dict()}
        torch.save(weights | {"loss": self.loss.name, "loss_weights": self.loss.state_dict()}, path)


def optimiser(towers: Towers) -> torch.optim.Optimizer:
    """Return AdamW: weight decay for matrices only, the loss's own numbers learn three times as fast."""
    weights = [*towers.visual.parameters(), *towers.textual.parameters()]
    groups = [
        {"params": [weight for weight in weights if weight.ndim > 1], "weight_decay": 0.05, "share": 1.0},
        {"params": [weight for weight in weights if weight.ndim <= 1], "weight_decay": 0.0, "share": 1.0},
        {"params": [*towers.loss.parameters()], "weight_decay": 0.0, "share": 3.0},
    ]
    return torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.98))


def step(towers: Towers, batch: Batch, adam: torch.optim.Optimizer, rate: float) -> float:
    """Take one step at a learning rate; return the loss."""
    for group in adam.param_groups:
        group["lr"] = rate * group["share"]
    with torch.autocast("cpu", torch.bfloat16):
        pictures, texts = towers.visual(batch.pictures), towers.textual(batch.texts)
    loss: Tensor = towers.loss(pictures.float() @ texts.float().T, batch.fits)
    adam.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_([*towers.visual.parameters(), *towers.textual.parameters()], 1.0)
    adam.step()
    return float(loss.detach())


def train(towers: Towers, batches: Iterator[Batch], seconds: float, out: Path) -> int:
    """Train for that long with a warm-up and a cosine; return the number of steps."""
    adam, began, mean, steps = optimiser(towers), time.monotonic(), 0.0, 0
    while (share := (time.monotonic() - began) / seconds) < 1:
        rate = RATE * min(1.0, (steps + 1) / 200) * (0.49 * (1 + math.cos(math.pi * share)) + 0.02)
        loss = step(towers, next(batches), adam, rate)
        steps += 1
        mean = 0.98 * mean + 0.02 * loss if mean else loss
        if steps % REPORT_EVERY == 0:
            speed = steps * BATCH / (time.monotonic() - began)
            print(f"{steps} steps, {share:.0%}, loss {mean:.3f}, {speed:.0f} pictures/s", flush=True)
            towers.save(out / "towers.pt")
    towers.save(out / "towers.pt")
    return steps


def main() -> None:
    """Write OUT/towers.pt and OUT/tokenizer.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=18)
    parser.add_argument("--loss", choices=tuple(LOSSES), default=Contrastive.name)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    held_out()
    # One thread beside one loader process: barriers on two busy cores are six times slower (facts/clip.md section 3).
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    options.out.mkdir(parents=True, exist_ok=True)
    tokenizer = learn(random.Random(options.seed))
    tokenizer.save(str(options.out / "tokenizer.json"))
    visual = Visual()
    visual.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from the stubs
    textual = Textual(tokenizer.get_vocab_size())
    towers = Towers(visual=visual, textual=textual, loss=LOSSES[options.loss]())
    source = Batches(load(options.set), tokenizer, BATCH, options.seed + 100)
    loader = DataLoader(source, batch_size=None, num_workers=1, prefetch_factor=4)
    steps = train(towers, iter(loader), options.minutes * 60, options.out)
    print(f"{steps} steps, {steps * BATCH} pictures seen, vocabulary {tokenizer.get_vocab_size()}", flush=True)


if __name__ == "__main__":
    main()
