"""What a photo's card says of deliveries that are not done."""

from datetime import UTC, datetime

import pytest

from reactor.core.activity import Tone, Work, notes_of_work

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "error", "said", "tone"),
    [
        ("waiting", "", "to do: embed", Tone.BUSY),
        ("running", "", "to do: embed", Tone.BUSY),
        ("held", "", "paused: embed", Tone.BUSY),
        ("waiting", "Immich answered 502", "embed will try again (1 so far): Immich answered 502", Tone.BUSY),
        ("held", "Immich answered 502", "embed will try again (1 so far): Immich answered 502", Tone.BUSY),
        ("shelved", "no preview", "embed was put aside: no preview", Tone.BUSY),
        ("dead", "no picture", "embed gave up: no picture", Tone.FAILED),
        ("dead", "", "embed gave up: no reason was noted", Tone.FAILED),
    ],
)
def test_each_state_has_its_words(state: str, error: str, said: str, tone: Tone) -> None:
    (note,) = notes_of_work([Work(handler="embed", state=state, attempts=1, error=error, at=NOON)])
    assert (note.text, note.tone) == (said, tone)


def test_what_is_still_to_be_done_is_one_note_and_trouble_is_told_one_by_one() -> None:
    works = [
        Work(handler=handler, state=state, attempts=2, error=error, at=NOON)
        for handler, state, error in (
            ("stack", "waiting", ""),
            ("classify", "joined", ""),
            ("faces", "held", ""),
            ("embed", "dead", "no picture"),
        )
    ]
    assert [note.text for note in notes_of_work(works)] == [
        "embed gave up: no picture",
        "to do: classify, stack",
        "paused: faces",
    ]
