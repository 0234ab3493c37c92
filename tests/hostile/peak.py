"""How much memory a block takes at its peak."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

STATUS = Path("/proc/self/status")


@dataclass
class Peak:
    """``grown`` in MB, known after the block."""

    grown: int = 0


@contextmanager
def peak() -> Iterator[Peak]:
    """Measure by how much the process grows within the block, for a moment or for good."""
    if sys.platform != "linux":
        pytest.skip("only Linux tells the highest memory in use, and forgets it on demand")
    found = Peak()
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    before = _highest()
    yield found
    found.grown = _highest() - before


def _highest() -> int:
    (line,) = (line for line in STATUS.read_text("ascii").splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024
