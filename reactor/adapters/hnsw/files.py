"""The files of one account's index: the vectors' graph, and beside it what it is of; everything here blocks."""

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reactor.adapters.hnsw.graph import Graph, UnusableFile
from reactor.core.ids import AccountId

FORMAT = 1
LARGEST_SIDECAR = 64 << 20


class Sidecar(BaseModel):
    """What an index file is of; ``count`` are the vectors that take a place in it, ``gone`` those not to be found."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    format: int
    account: str
    model: str
    dimension: int = Field(ge=1)
    count: int = Field(ge=0)
    gone: list[int]
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class IndexFiles:
    """Keep the index of an account and a model in a folder.

    Names of files are digests, since accounts and models are named by people. The graph's file is named after its
    content too: the sidecar, which is replaced last, names a whole file, whenever the process dies.
    """

    def __init__(self, folder: Path, account: AccountId, model: str) -> None:
        self._folder = folder
        self._account = account
        self.model = model
        # A save goes on in its thread when the task that waits for it is cancelled.
        self._saving = threading.Lock()
        self._stem = hashlib.sha256(f"{account}\n{model}".encode()).hexdigest()[:32]

    @property
    def sidecar(self) -> Path:
        return self._folder / f"{self._stem}.json"

    def load(self, dimension: int) -> Graph | None:
        """Return the saved graph, None where there is none; raises UnusableFile saying why it is not to be used."""
        if not self.sidecar.exists():
            return None
        told = _read(self.sidecar)
        if (told.format, told.account, told.model) != (FORMAT, self._account, self.model):
            raise UnusableFile("it is another format's, account's or model's")
        if told.dimension != dimension:
            raise UnusableFile(f"its vectors have {told.dimension} numbers, those of the model {dimension}")
        path = self._graph(told.sha256)
        if _digest(path) != told.sha256:
            raise UnusableFile("its content is not what was written")
        return Graph.load(path, dimension=dimension, count=told.count, gone=told.gone)

    def save(self, graph: Graph) -> None:
        """Write the graph in place of what was saved before, all or nothing, one at a time; raises OSError."""
        with self._saving:
            self._save(graph)

    def _save(self, graph: Graph) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._tidy(self._named())
        fresh, note = (self._folder / f"{self._stem}.{os.getpid()}.{end}.tmp" for end in ("graph", "json"))
        try:
            count, gone = graph.save(fresh)
            told = Sidecar(
                format=FORMAT,
                account=self._account,
                model=self.model,
                dimension=graph.dimension,
                count=count,
                gone=list(gone),
                sha256=_digest(fresh),
            )
            fresh.replace(self._graph(told.sha256))
            with note.open("w", encoding="utf-8") as file:
                file.write(told.model_dump_json())
                file.flush()
                os.fsync(file.fileno())
            note.replace(self.sidecar)
            _settle(self._folder)
        except UnusableFile as error:
            raise OSError(str(error)) from error
        finally:
            fresh.unlink(missing_ok=True)
            note.unlink(missing_ok=True)
        self._tidy(told.sha256)

    def others(self) -> Iterator["IndexFiles"]:
        """Yield what is kept of other models of this account."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                told = _read(path)
            except UnusableFile:
                continue
            found = IndexFiles(self._folder, self._account, told.model)
            if told.account == self._account and told.model != self.model and found.sidecar == path:
                yield found

    def remove(self) -> None:
        """Remove all files of this index."""
        self.sidecar.unlink(missing_ok=True)
        self._tidy("")

    def _named(self) -> str:
        try:
            return _read(self.sidecar).sha256
        except UnusableFile:
            return ""

    def _graph(self, sha256: str) -> Path:
        return self._folder / f"{self._stem}-{sha256[:16]}.hnsw"

    def _tidy(self, named: str) -> None:
        """Remove what crashes and older saves have left; only the graph of this checksum stays."""
        kept = self._graph(named) if named else None
        for path in (*self._folder.glob(f"{self._stem}-*.hnsw"), *self._folder.glob(f"{self._stem}.*.tmp")):
            if path != kept:
                path.unlink(missing_ok=True)


def _read(path: Path) -> Sidecar:
    try:
        if path.stat().st_size > LARGEST_SIDECAR:
            raise UnusableFile("its sidecar is too large")
        return Sidecar.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UnusableFile("its sidecar cannot be read") from error


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnusableFile(f"its file cannot be read ({error.strerror})") from error


def _settle(folder: Path) -> None:
    """Make the names of files durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
