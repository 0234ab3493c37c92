"""The grammar of captions: complete, and without the prompts that measure."""

import random

import pytest

from models.training import captions
from models.training.captions import held_out, sample, varied
from models.training.words import ATTRIBUTES, GROUPS, NOUNS, UNSEEN
from reactor.demo.pictures import KINDS, draw


def test_every_kind_has_nouns_and_one_unseen_prompt() -> None:
    assert set(NOUNS) == set(UNSEEN) == set(KINDS)
    assert len(set(UNSEEN.values())) == len(KINDS)
    assert {kind for kinds, _ in GROUPS for kind in kinds} <= set(KINDS)


def test_the_grammar_makes_none_of_the_unseen_prompts() -> None:
    assert held_out() == frozenset(UNSEEN.values())


def test_a_prompt_that_the_grammar_makes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captions, "UNSEEN", {"dog": "a photo of a dog"})
    with pytest.raises(ValueError, match="a photo of a dog"):
        held_out()


def test_sampled_captions_fit_their_kind_and_are_never_an_unseen_prompt() -> None:
    rng, prompts = random.Random(2), set(UNSEEN.values())
    for kind in KINDS:
        for make in (sample, varied):
            for _ in range(100):
                caption = make(rng, kind, tuple(ATTRIBUTES))
                assert caption.text not in prompts
                assert KINDS.index(kind) in caption.kinds


def test_every_attribute_that_is_drawn_has_words() -> None:
    drawn = {attribute for kind in KINDS for seed in range(3) for attribute in draw(kind, seed, 64).attributes}
    assert drawn
    assert drawn <= set(ATTRIBUTES)
