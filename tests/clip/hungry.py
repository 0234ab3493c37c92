"""Open the pictures given where there is no memory for them, in a process that has none to spare.

Started as ``python -m tests.clip.hungry SMALL VAST PREVIEW``.
"""

import sys
from pathlib import Path

import pytest

from reactor.adapters.clip.preprocessing import Preprocessing, prepare
from reactor.core.errors import Retryable, Unreachable

from .memory import at_most
from .models import SIZE


def main(small: bytes, vast: bytes, preview: bytes) -> None:
    """Check what is raised; an assertion that fails is this process's exit code."""
    wanted = Preprocessing(size=SIZE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    prepare(small, wanted)  # libraries that are loaded late need room too
    for data, costs_no_try in ((vast, False), (preview, True)):
        with at_most(8 * 1024 * 1024), pytest.raises(Retryable, match="not enough memory") as raised:
            prepare(data, wanted)
        assert isinstance(raised.value, Unreachable) == costs_no_try
        assert raised.value.after == 30
    assert prepare(preview, wanted).width == 4_800


if __name__ == "__main__":
    main(*(Path(name).read_bytes() for name in sys.argv[1:]))
