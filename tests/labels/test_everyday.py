"""The bank of everyday captions."""

import re

from models.training.words import UNSEEN
from reactor.core.everyday import BANK, CAPTIONS


def test_it_is_about_a_hundred_captions_each_once() -> None:
    assert 90 <= len(CAPTIONS) <= 110
    assert len({caption.casefold().strip() for caption in CAPTIONS}) == len(CAPTIONS)
    assert all(caption == " ".join(caption.split()) and len(caption) > 5 for caption in CAPTIONS)


def test_no_prompt_that_labelling_is_measured_by_stands_in_it() -> None:
    assert {caption.casefold() for caption in CAPTIONS}.isdisjoint(prompt.casefold() for prompt in UNSEEN.values())


def test_its_digest_is_short() -> None:
    assert re.fullmatch("[0-9a-f]{16}", BANK)
