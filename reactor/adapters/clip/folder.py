"""A model folder as Immich's machine learning keeps it (facts/clip.md section 2)."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from reactor.adapters.clip.preprocessing import PREPROCESSING_VERSION, Preprocessing
from reactor.core.errors import StartError

DEFAULT_CONTEXT = 77
CHUNK = 1 << 20
# Beside model.onnx, big models keep their weights in further files of any name; these kinds hold none that we run.
NOT_WEIGHTS = {".armnn", ".rknn", ".json", ".txt", ".md", ".model"}

Parsed = TypeVar("Parsed", bound=BaseModel)


class NotLoadable(StartError):
    """Say that a model is there and cannot be loaded now: damaged, unreadable, or for want of memory or a card."""


def _one_side(value: object) -> object:
    return value[0] if isinstance(value, list) and value else value


def _three(value: object) -> object:
    return [value] * 3 if isinstance(value, int | float) else value


def _token(value: object) -> object:
    return value.get("content") if isinstance(value, dict) else value


Channels = Annotated[tuple[float, float, float], BeforeValidator(_three)]


class TokenizerOptions(BaseModel):
    """The part of open_clip's tokenizer_kwargs that changes the tokens."""

    clean: str | None = None


class TextTower(BaseModel):
    """The part of config.json that the text tower's input depends on."""

    context_length: int = Field(default=DEFAULT_CONTEXT, ge=1)
    tokenizer_kwargs: TokenizerOptions | None = None


class ModelConfig(BaseModel):
    """What config.json tells; everything else in it is open_clip's own business."""

    embed_dim: int = Field(ge=1)
    text_cfg: TextTower


class VisualConfig(BaseModel):
    """What visual/preprocess_cfg.json tells."""

    size: Annotated[int, BeforeValidator(_one_side), Field(ge=1)]
    mean: Channels
    std: Channels


class TokenizerConfig(BaseModel):
    """What textual/tokenizer_config.json tells."""

    pad_token: Annotated[str, BeforeValidator(_token)]


class ModelCard(BaseModel):
    """Our own reactor.json, where a model has one: what was measured for it."""

    random_pair_cosine: float | None = Field(default=None, ge=-1, lt=1)


@dataclass(frozen=True, kw_only=True)
class ModelFolder:
    """A model folder whose descriptions were read and understood; the ONNX files are not opened yet."""

    path: Path
    config: ModelConfig
    preprocessing: Preprocessing
    pad_token: str
    card: ModelCard

    @property
    def name(self) -> str:
        """Return the folder's own name, which is the model's clean name."""
        return self.path.name

    @property
    def visual(self) -> Path:
        """Return the image tower's graph."""
        return self.path / "visual" / "model.onnx"

    @property
    def textual(self) -> Path:
        """Return the text tower's graph."""
        return self.path / "textual" / "model.onnx"

    @property
    def tokenizer(self) -> Path:
        """Return the tokenizer's description."""
        return self.path / "textual" / "tokenizer.json"


def clean_name(model_name: str) -> str:
    """Return the folder name that Immich gives a model; raises StartError for what could name another place."""
    name = re.sub(r"[:\\/]", "_", model_name.rsplit("/", 1)[-1]).replace(".", "")
    if not re.fullmatch(r"[\w+-]+", name, re.ASCII):
        raise StartError(f"{model_name!r} is not the name of a model; one looks like ViT-B-32__openai")
    return name


def read_folder(path: Path) -> ModelFolder:
    """Read a model folder's descriptions.

    StartError names what is missing or no model of ours; NotLoadable, what cannot be read or is damaged.
    """
    path = path.resolve()
    if not _is(path, Path.is_dir):
        raise StartError(f"there is no model folder {path}")
    visual = _read(path / "visual" / "preprocess_cfg.json", VisualConfig)
    folder = ModelFolder(
        path=path,
        config=_read(path / "config.json", ModelConfig),
        preprocessing=Preprocessing(size=visual.size, mean=visual.mean, std=visual.std),
        pad_token=_read(path / "textual" / "tokenizer_config.json", TokenizerConfig).pad_token,
        card=_read_card(path / "reactor.json"),
    )
    for file in (folder.visual, folder.textual, folder.tokenizer):
        if not _is(file, Path.is_file):
            raise StartError(f"the model folder {path} has no {file.relative_to(path)}; was it downloaded in full?")
    return folder


def _is(path: Path, kind: Callable[[Path], bool]) -> bool:
    """Say whether a path is of a kind, or not there; NotLoadable where it is something else or cannot be told."""
    try:
        found, there = kind(path), path.exists()
    except OSError as error:
        raise NotLoadable(f"the model's {path.name} cannot be read: {error}") from error
    if there and not found:
        raise NotLoadable(f"the model's {path.name} is not what it should be: {path}")
    return found


def hash_model(folder: ModelFolder) -> str:
    """Return the sha256 that names the model's vectors: both towers' weights and how pictures are prepared.

    A tower's external weight files count; the tokenizer and the card do not, since no stored vector depends on them.
    """
    found = hashlib.sha256(PREPROCESSING_VERSION.encode())
    found.update((folder.path / "visual" / "preprocess_cfg.json").read_bytes())
    for file in _weights(folder):
        _add(found, file)
    return found.hexdigest()


def state_of(folder: ModelFolder) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when somebody writes to the weights: each file's path, size and time in nanoseconds."""
    stats = [(file.as_posix(), file.stat()) for file in _weights(folder)]
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


def _weights(folder: ModelFolder) -> list[Path]:
    return [
        file
        for tower in (folder.visual.parent, folder.textual.parent)
        for file in sorted(tower.iterdir())
        if file.is_file() and file.suffix not in NOT_WEIGHTS and not file.name.startswith(".")
    ]


def _add(found: "hashlib._Hash", file: Path) -> None:
    found.update(f"\0{file.parent.name}/{file.name}\0{file.stat().st_size}\0".encode())
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            found.update(chunk)


def _read(file: Path, form: type[Parsed]) -> Parsed:
    try:
        return form.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise StartError(f"the model's {file.name} is missing: {file}; was it downloaded in full?") from None
    except OSError as error:
        raise NotLoadable(f"the model's {file.name} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        kind = NotLoadable if first["type"] == "json_invalid" else StartError
        raise kind(f"the model's {file.name} is not understood: {where}: {first['msg']} ({file})") from error


def _read_card(file: Path) -> ModelCard:
    return _read(file, ModelCard) if _is(file, Path.is_file) else ModelCard()
