"""Open pictures where there is no memory for them, in a process that has none to spare."""

import pytest

from reactor.adapters.clip.preprocessing import Preprocessing, prepare
from reactor.core.errors import Retryable, Unreachable

from .memory import at_most
from .models import SIZE, flat


def main() -> None:
    """Check what is raised; an assertion that fails is this process's exit code."""
    wanted = Preprocessing(size=SIZE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    prepare(flat(90), wanted)  # libraries that are loaded late need room too
    # The vast one first, since what a picture gives back could be room for the next.
    vast, preview = flat(90, side=6_000), flat(90, side=4_800)
    for data, costs_no_try in ((vast, False), (preview, True)):
        with at_most(8 * 1024 * 1024), pytest.raises(Retryable, match="not enough memory") as raised:
            prepare(data, wanted)
        assert isinstance(raised.value, Unreachable) == costs_no_try
        assert raised.value.after == 30
    assert prepare(preview, wanted).width == 4_800


if __name__ == "__main__":
    main()
