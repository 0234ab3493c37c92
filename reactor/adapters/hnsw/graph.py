"""hnswlib with a guard for each of its measured faults (facts/libraries.md section 8); everything here blocks."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn, Self

import hnswlib
import numpy as np
from numpy.typing import NDArray

# Links a photo has, and how many candidates are weighed when they are chosen and when one is looked for. Tried on
# vectors of rendered pictures (docs/stacks.md): half of each finds as much there, but real models have two to four
# times the dimensions, where neighbours are harder to tell apart, and among thousands of equal vectors half of it
# loses those beside them; this costs a fifth of a millisecond a query.
LINKS, BUILD_WIDTH, SEARCH_WIDTH = 16, 200, 200
ROOM_AT_LEAST = 10_000
"""Space for so many more, or a quarter more; it is address space only until it is used."""
SAVE_S = 900.0
_FILES_CLOSED = 1 << 16
_LONGEST_WORDS = 500

Numbers = NDArray[np.int64]
Vectors = NDArray[np.float32]
Near = tuple[Numbers, NDArray[np.float32]]
"""Numbers [n] with their cosines [n], best first."""

_NOBODY: Near = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))


class UnusableFile(Exception):
    """Say why an index file is not to be used."""


class _Gate:
    """Let any number pass, or one alone."""

    def __init__(self) -> None:
        self._inside = 0
        self._condition = threading.Condition()

    @contextlib.contextmanager
    def passing(self) -> Iterator[None]:
        with self._condition:
            self._inside += 1
        try:
            yield
        finally:
            with self._condition:
                self._inside -= 1
                self._condition.notify_all()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        with self._condition:
            self._condition.wait_for(lambda: self._inside == 0)
            yield


class Graph:
    """Unit vectors of one dimension by number, and which lie near which; any thread may call.

    The locks are those of threads and not of the loop: a thread goes on when the task that waits for it is cancelled.
    """

    def __init__(self, index: Any, dimension: int, gone: Sequence[int] = ()) -> None:
        index.set_ef(SEARCH_WIDTH)
        self.dimension = dimension
        self._index = index
        self._gone = set(gone)
        self._live = set(index.get_ids_list()) - self._gone
        # One at a time changes it: hnswlib hangs where several threads add equal vectors (its issue 389).
        self._changing = threading.Lock()
        # A query during a resize is a crash (SIGSEGV).
        self._gate = _Gate()

    @classmethod
    def empty(cls, dimension: int, room: int = ROOM_AT_LEAST) -> Self:
        """Return a graph without any vector."""
        index = hnswlib.Index(space="ip", dim=dimension)
        index.init_index(max(room, ROOM_AT_LEAST), M=LINKS, ef_construction=BUILD_WIDTH)
        return cls(index, dimension)

    @classmethod
    def load(cls, path: Path, *, dimension: int, count: int, gone: Sequence[int]) -> Self:
        """Read a file of ``count`` vectors, whose checksum is right; raises UnusableFile.

        hnswlib reads what has another dimension or was changed without a word, so the checksum comes first.
        """
        index = hnswlib.Index(space="ip", dim=dimension)
        try:
            index.load_index(str(path), max_elements=count + _room(count))
        except (RuntimeError, OSError, MemoryError) as error:
            raise UnusableFile(f"hnswlib cannot read it ({error})") from error
        if index.element_count != count or not set(gone) <= set(index.get_ids_list()):
            raise UnusableFile(f"it holds {index.element_count} vectors instead of {count}, or others")
        return cls(index, dimension, gone)

    @property
    def count(self) -> int:
        """Return how many vectors are found."""
        return len(self._live)

    @property
    def gone(self) -> tuple[int, ...]:
        """Return the numbers that were removed; their vectors still take their place."""
        return tuple(sorted(self._gone))

    @property
    def stored(self) -> int:
        """Return how many vectors take a place."""
        return len(self._live) + len(self._gone)

    @property
    def size(self) -> int:
        """Return about how many bytes it takes, in memory as on disk."""
        return int(self._index.index_file_size())

    def differences(self, numbers: Numbers) -> tuple[Numbers, list[int]]:
        """Return which of the numbers are not found here, and which are here besides."""
        wanted = set(numbers.tolist())
        return np.array(sorted(wanted - self._live), dtype=np.int64), sorted(self._live - wanted)

    def add(self, numbers: Sequence[int], vectors: Vectors) -> int:
        """Take in what is not here yet; return how many that were. ``vectors`` are the unit rows [n, D]."""
        with self._changing:
            back = [number for number in numbers if number in self._gone]
            for number in back:
                self._index.unmark_deleted(number)
            self._gone.difference_update(back)
            self._live.update(back)
            fresh = {number: row for row, number in enumerate(numbers) if number not in self._live}
            if fresh:
                self._make_room(len(fresh))
                self._index.add_items(vectors[list(fresh.values())], list(fresh), num_threads=1)
                self._live.update(fresh)
            return len(back) + len(fresh)

    def remove(self, numbers: Sequence[int]) -> int:
        """Let these be found no more; return how many were."""
        with self._changing:
            held = [number for number in dict.fromkeys(numbers) if number in self._live]
            for number in held:
                self._index.mark_deleted(number)
            self._live.difference_update(held)
            self._gone.update(held)
            return len(held)

    def lacks(self, numbers: Sequence[int]) -> list[int]:
        """Return which of the numbers are not here yet, but for what bears none (0)."""
        return [number for number in numbers if number and number not in self._live]

    def take_in(self, numbers: Sequence[int], vectors: Vectors) -> int:
        """Take in what is not here yet; return how many were added."""
        lacking = set(self.lacks(numbers))
        rows = [row for row, number in enumerate(numbers) if number in lacking]
        return self.add([numbers[row] for row in rows], vectors[rows]) if rows else 0

    def nearest(self, vectors: Vectors, count: int) -> list[Near]:
        """Return for each of the unit rows [n, D] the ``count`` nearest, or all where there are not so many."""
        with self._gate.passing():
            count = min(count, len(self._live))
            if count <= 0 or not len(vectors):
                return [_NOBODY for _ in vectors]
            try:
                return self._query(vectors, count)
            except RuntimeError:
                # One of them reached too few: equal vectors can form an island.
                return [self._few(vector, count) for vector in vectors]

    def _few(self, vector: Vectors, count: int) -> Near:
        while count:
            try:
                return self._query(vector[None], count)[0]
            except RuntimeError:
                count //= 2
        return _NOBODY

    def _query(self, vectors: Vectors, count: int) -> list[Near]:
        numbers, distances = self._index.knn_query(vectors, k=count, num_threads=1)
        cosines = np.clip(1.0 - distances, -1.0, 1.0)
        return list(zip(numbers.astype(np.int64), cosines, strict=True))

    def _make_room(self, more: int) -> None:
        needed = int(self._index.element_count) + more
        if needed > self._index.max_elements:
            with self._gate.alone():
                self._index.resize_index(needed + _room(needed))

    def save(self, path: Path) -> tuple[int, tuple[int, ...]]:
        """Write a durable file of the present moment; return how many vectors it holds, and which of them are gone.

        hnswlib keeps the interpreter to itself while it writes, for seconds. So a child process writes, which has all
        of the memory as it was when it began; meanwhile queries and additions go on here. Raises OSError.
        """
        with self._changing:
            size, stored, gone = self.size, self.stored, self.gone
            heard, told = os.pipe()
            child = os.fork()
            if child == 0:
                _write_and_leave(self._index, path, told)
        os.close(told)
        with os.fdopen(heard, "rb") as words:
            status = _wait_for(child)
            why = words.read().decode("utf-8", "replace")
        # hnswlib does not notice a full disk.
        written = path.stat().st_size if path.exists() else 0
        if status != 0 or written != size:
            raise OSError(f"{written} of {size} bytes were written (status {status}) {why}".rstrip())
        return stored, gone


def _room(count: int) -> int:
    return max(ROOM_AT_LEAST, count // 4)


def _write_and_leave(index: Any, path: Path, told: int) -> NoReturn:
    """Write the file and end this process, which is a copy of the reactor: nothing else of it may run."""
    try:
        # Sockets and locks of the reactor: its death would not be noticed while a copy of them is open.
        os.closerange(3, told)
        os.closerange(told + 1, _FILES_CLOSED)
        index.save_index(str(path))
        file = os.open(path, os.O_RDONLY)
        os.fsync(file)
        os._exit(0)
    except BaseException as error:  # noqa: BLE001 - whatever it was, the reactor says it
        os.write(told, repr(error).encode()[:_LONGEST_WORDS])
    finally:
        os._exit(1)


def _wait_for(child: int) -> int:
    """Wait for the child's end and return its status; one that hangs is killed."""
    deadline = time.monotonic() + SAVE_S
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)
