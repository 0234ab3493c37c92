"""What the simulator's handlers share: the state of one Frigate and the faults that a test asks for."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from reactor.demo.frigate.embeddings import EmbeddingsLoop
from reactor.demo.frigate.folders import FaceFolders
from reactor.demo.frigate.processor import FaceProcessor


@dataclass(frozen=True, kw_only=True)
class Write:
    """One write that took effect.

    ``kind`` register, create, delete, rename, reclassify, classify; ``file`` the stored or removed file or "";
    ``sha256`` (hex) of the uploaded body, "" without one; ``at`` unix time.
    """

    kind: str
    name: str
    file: str = ""
    sha256: str = ""
    at: float = field(default_factory=time.time)


@dataclass(kw_only=True)
class Faults:
    """Switches for what goes wrong.

    ``failing_registers``: so many registers answer the misleading 500 and store nothing. ``late_registers``: so many
    are carried out only ``late_seconds`` later, whether or not their client still waits. ``starting``: nginx is up
    and Frigate is not, 500 text/html. ``login_limited``: every login answers 429.
    """

    failing_registers: int = 0
    late_registers: int = 0
    late_seconds: float = 1.0
    starting: bool = False
    login_limited: bool = False


@dataclass(kw_only=True)
class World:
    """One Frigate: its version, disk, processes, switches and the record of what was written."""

    version: str
    folders: FaceFolders
    loop: EmbeddingsLoop
    processor: FaceProcessor
    face_recognition: bool
    faults: Faults = field(default_factory=Faults)
    writes: list[Write] = field(default_factory=list)
    before_answer: Callable[[Write], Awaitable[None]] | None = None
    # The processor is made at start only: switched on later, it is missing until a restart (section 3, e).
    processor_started: bool = False

    @property
    def release(self) -> tuple[int, int]:
        return release_of(self.version)

    async def wrote(self, write: Write) -> None:
        """Note a write that took effect, then give the test its chance before the answer goes out."""
        self.writes.append(write)
        if self.before_answer is not None:
            await self.before_answer(write)

    async def clear_classifier(self) -> None:
        """Throw the classifier away; on 0.18 the request is lost when the loop is busy."""
        await self.loop.call(self.processor.clear)


def release_of(version: str) -> tuple[int, int]:
    major, minor = version.split("-", 1)[0].split(".")[:2]
    return int(major), int(minor)
