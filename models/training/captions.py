"""The grammar of captions: a phrase, the kinds that it fits, and what it says beside."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from models.training.words import ADJECTIVES, ATTRIBUTES, CONTEXTS, GROUPS, NOUNS, TEMPLATES, UNSEEN
from reactor.demo.pictures import KINDS


@dataclass(frozen=True, kw_only=True)
class Caption:
    """A caption, the kinds of picture (indices into KINDS) that it fits, and the attribute that it asks for."""

    text: str
    kinds: tuple[int, ...]
    attribute: str | None = None


def sample(rng: random.Random, kind: str, attributes: tuple[str, ...]) -> Caption:
    """Return a caption for a picture of that kind with these attributes; never a prompt that is held out."""
    noun, kinds = _noun(rng, kind)
    text, attribute = rng.choice(TEMPLATES).format(noun), None
    if attributes and len(kinds) == 1 and rng.random() < 0.35:
        attribute = rng.choice(attributes)
        text += " " + rng.choice(ATTRIBUTES[attribute])
    if rng.random() < 0.1:
        text = text.replace("a ", "the ", 1)
    if text in _HELD_OUT:
        return sample(rng, kind, attributes)
    return Caption(text=text, kinds=kinds, attribute=attribute)


def varied(rng: random.Random, kind: str, attributes: tuple[str, ...]) -> Caption:
    """Return a caption with neutral additions: a context or an adjective that fits every kind, a word left out."""
    caption = sample(rng, kind, attributes)
    text = caption.text
    if rng.random() < 0.45:
        text += " " + rng.choice(CONTEXTS)
    if rng.random() < 0.3:
        noun = max((noun for noun in NOUNS[kind] if noun in text), key=len, default="")
        text = text.replace(noun, f"{rng.choice(ADJECTIVES)} {noun}", 1) if noun else text
    parts = text.split()
    if rng.random() < 0.25 and len(parts) > 3:
        parts.pop(rng.randrange(len(parts) - 1))
        text = " ".join(parts)
    if text in _HELD_OUT:
        return varied(rng, kind, attributes)
    return Caption(text=text, kinds=caption.kinds, attribute=caption.attribute)


def _noun(rng: random.Random, kind: str) -> tuple[str, tuple[int, ...]]:
    fitting = [(kinds, phrases) for kinds, phrases in GROUPS if kind in kinds]
    if fitting and rng.random() < 0.22:
        kinds, phrases = rng.choice(fitting)
        noun = rng.choice(phrases)
    else:
        kinds, noun = (kind,), rng.choice(NOUNS[kind])
    # A word of two kinds ("food" is a plate and a coarse word) fits both: else the loss would punish a right answer.
    shared = [other for other in NOUNS if other not in kinds and noun in NOUNS[other]]
    return noun, tuple(KINDS.index(name) for name in (*kinds, *shared))


def everything() -> Iterator[str]:
    """Yield every caption that `sample` can make."""
    nouns = {noun for phrases in NOUNS.values() for noun in phrases}
    nouns |= {noun for _, phrases in GROUPS for noun in phrases}
    endings = ["", *(f" {phrase}" for phrases in ATTRIBUTES.values() for phrase in phrases)]
    for noun in nouns:
        for template in TEMPLATES:
            for ending in endings:
                text = template.format(noun) + ending
                yield text
                yield text.replace("a ", "the ", 1)


def held_out() -> frozenset[str]:
    """Return the prompts for measuring, after making sure that the grammar cannot make any of them.

    Raises ValueError if it can: then the figure would not be one of unseen prompts.
    """
    prompts = frozenset(UNSEEN.values())
    if known := prompts.intersection(everything()):
        raise ValueError(f"The grammar makes {sorted(known)}: word these test prompts anew.")
    return prompts


_HELD_OUT = frozenset(UNSEEN.values())
