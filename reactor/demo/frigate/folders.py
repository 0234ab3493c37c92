"""The folders of faces on disk: clips/faces/{name}/{file}, no database (facts/frigate-api.md section 5)."""

import re
import time
import unicodedata
from pathlib import Path

SUFFIXES = (".webp", ".png", ".jpg", ".jpeg")
TRAIN = "train"
LONGEST = 255
RESERVED = re.compile(r"^(con|prn|aux|nul|com[1-9]|lpt[1-9])$", re.IGNORECASE)


def inside(folder: Path) -> list[Path]:
    """Return what a folder holds, nothing where it was deleted meanwhile."""
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def age(file: Path) -> int:
    """Return when a file was written, 0 where it was deleted meanwhile."""
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


class FaceFolders:
    """Keep pictures of faces, one folder a person; names are taken verbatim."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def listing(self) -> dict[str, list[str]]:
        """Return the pictures of every folder, newest first."""
        return {folder.name: self.files(folder.name) for folder in sorted(inside(self.root)) if folder.is_dir()}

    def files(self, name: str) -> list[str]:
        found = [file for file in inside(self.root / name) if file.name.lower().endswith(SUFFIXES)]
        return [file.name for file in sorted(found, key=age, reverse=True)]

    def people(self) -> list[str]:
        return [name for name in self.listing() if name != TRAIN]

    def create(self, name: str) -> str:
        """Make an empty folder; unlike register this one cleans the name and turns spaces into ``_``."""
        cleaned = sanitize(name.replace(" ", "_"))
        (self.root / cleaned).mkdir(exist_ok=True)
        return cleaned

    def save(self, name: str, picture: bytes) -> str:
        """Store a crop; a name that is too long raises OSError and leaves its empty folder (section 3, c)."""
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        file = f"{name}_{time.time()}.webp"
        (folder / file).write_bytes(picture)
        return file

    def find(self, name: str, file: str) -> Path | None:
        path = self.root / name / sanitize(file)
        return path if path.is_file() else None

    def delete(self, name: str, ids: list[str]) -> list[str]:
        """Remove files and, once empty, the folder; raise FileNotFoundError for an unknown folder.

        The ids are cleaned although register cleans nothing: some pictures can never be deleted (section 4).
        """
        removed = []
        for file in ids:
            path = self.find(name, file)
            if path is not None:
                path.unlink()
                removed.append(path.name)
        folder = self.root / name
        if name != TRAIN and not any(folder.iterdir()):
            folder.rmdir()
        return removed

    def rename(self, old: str, new: str) -> None:
        """Rename a folder; raise OSError when the new name has pictures already."""
        (self.root / old).rename(self.root / new)

    def move(self, path: Path, name: str) -> str:
        """Move a picture to a person as ``{name}-{time}.webp`` and drop the folder that it leaves empty."""
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        file = f"{name}-{time.time()}.webp"
        path.rename(folder / file)
        if path.parent.name != TRAIN and not any(path.parent.iterdir()):
            path.parent.rmdir()
        return file


def sanitize(name: str) -> str:
    """Clean a file name like pathvalidate does: separators, wildcards and control characters go."""
    kept = "".join(letter for letter in name if letter not in '\\/:*?"<>|' and unicodedata.category(letter) != "Cc")
    kept = kept.strip(" ")[:LONGEST].rstrip(".")
    return f"{kept}_" if RESERVED.match(kept) else kept


def is_legal_name(name: str) -> bool:
    r"""Say whether rename takes a name: ``^[\p{L}\p{N}\s'_-]{1,50}$`` (section 4)."""
    return 1 <= len(name) <= 50 and all(
        letter in "'_-" or letter.isspace() or unicodedata.category(letter)[0] in "LN" for letter in name
    )
