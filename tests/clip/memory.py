"""Take memory away from this process, and give it back."""

import gc
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE = resource.getpagesize()


@contextmanager
def at_most(more: int) -> Iterator[None]:
    """Let the process take no more than so many further bytes of address space within the block."""
    if sys.platform != "linux":
        pytest.skip("only Linux tells how much address space is in use, and bounds it")
    gc.collect()  # what others left behind must not be freed in the middle
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * PAGE
    resource.setrlimit(resource.RLIMIT_AS, (used + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
