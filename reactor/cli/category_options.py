"""The options by which commands spell a category, and how they become one."""

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from reactor.cli.words import a_strictness
from reactor.core.categories import Action, Category
from reactor.core.errors import StartError
from reactor.core.gates import FaceLevel, Media

CATEGORY = TypeAdapter(Category)

Texts = list[str] | None
GATES = ("filename", "folder", "camera", "media", "aspect_min", "aspect_max", "with_faces", "without_faces")
# What an option is called, where that is not the name in the category.
FIELDS: Mapping[str, str] = {"not": "negative_prompts", "in_album": "album"}
UNSAID = ("not", "strictness", "review", "album", "accounts", "gates", "in_album", *GATES)


Clear = Annotated[Texts, typer.Option(metavar="OPTION", help="Forget what was said of this; may be repeated.")]
ForAccounts = Annotated[list[str] | None, typer.Option("--account", help="Only for this account; may be repeated.")]


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What the options say of a category; None where they say nothing."""

    prompt: Annotated[Texts, typer.Option(help="What its photos show, in a few words; may be repeated.")] = None
    unlike: Annotated[Texts, typer.Option("--not", help="What they do not show; may be repeated.")] = None
    strictness: Annotated[str | None, typer.Option(help="loose, normal, strict, or a number such as 0.75.")] = None
    similarity: Annotated[float | None, typer.Option(help="A cosine instead, which fits one model.")] = None
    review: Annotated[float | None, typer.Option(help="Width of the grey zone (cosine) that is only suggested.")] = None
    action: Annotated[Action | None, typer.Option(help="What is done with photos that fit.")] = None
    favourite: Annotated[bool | None, typer.Option("--favourite/--no-favourite", help="Make favourites of them.")] = (
        None
    )
    album: Annotated[str | None, typer.Option(help="Put them into this album, by name or id.")] = None
    filename: Annotated[Texts, typer.Option(help="Gate: the file's name fits, like 'Screenshot*'.")] = None
    folder: Annotated[Texts, typer.Option(help="Gate: the folder's whole path fits, like '*/Scans'.")] = None
    camera: Annotated[bool | None, typer.Option("--camera/--no-camera", help="Gate: it says which camera, or not.")] = (
        None
    )
    media: Annotated[Media | None, typer.Option(help="Gate: photos, or videos.")] = None
    aspect_min: Annotated[float | None, typer.Option(help="Gate: width divided by height, at least.")] = None
    aspect_max: Annotated[float | None, typer.Option(help="Gate: width divided by height, at most.")] = None
    with_faces: Annotated[FaceLevel | None, typer.Option(help="Gate: faces of this level are seen.")] = None
    without_faces: Annotated[FaceLevel | None, typer.Option(help="Gate: none of this level is seen.")] = None
    in_album: Annotated[Texts, typer.Option("--in-album", help="Gate: it lies in this album.")] = None
    from_file: Annotated[str | None, typer.Option(metavar="FILE|-", help="A category as YAML or JSON.")] = None

    def said(self) -> dict[str, Any]:
        """Return what a file says and, going before it, the options, as a category is spelled."""
        given = {
            "prompts": self.prompt,
            "negative_prompts": self.unlike,
            "strictness": None if self.strictness is None else a_strictness(self.strictness),
            "similarity": self.similarity,
            "review": self.review,
            "action": self.action,
            "favourite": self.favourite,
            "album": self.album,
        }
        gates = {name: getattr(self, name) for name in GATES} | {"album": self.in_album}
        options = _without_none(given)
        if found := _without_none(gates):
            options["gates"] = found
        return options if self.from_file is None else over(_read(self.from_file), options)


def drafted(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a draft, in place of its parameter ``draft``."""
    own = [one for one in inspect.signature(command).parameters.values() if one.name != "draft"]
    options = list(inspect.signature(Draft).parameters.values())

    @wraps(command)
    def told(**said: Any) -> None:
        draft = Draft(**{one.name: said.pop(one.name) for one in options})
        try:
            command(**said, draft=draft)
        except StartError as error:
            typer.echo(f"reactor: {error}", err=True)
            raise typer.Exit(2) from error

    # Options may come in any order; what is an argument stands first.
    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*own, *options)]
    told.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect, and so by typer
    return told


def over(base: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Return a spelled category with what is said put over it; of the two ways to say a threshold the new one holds."""
    threshold = {"strictness", "similarity"}
    kept = {name: value for name, value in base.items() if name not in threshold or not threshold & said.keys()}
    gates = base.get("gates")
    if isinstance(gates, dict) and isinstance(said.get("gates"), dict):
        return {**kept, **said, "gates": {**gates, **said["gates"]}}
    return {**kept, **said}


def expect_clearable(options: Texts) -> None:
    """Raise BadParameter where nothing is said by an option that could be forgotten."""
    for option in options or ():
        if _field(option) not in UNSAID:
            known = ", ".join(one.replace("_", "-") for one in UNSAID)
            raise typer.BadParameter(f"nothing is said by {option!r} that could be forgotten; it is one of {known}")


def without(base: Mapping[str, Any], clear: Texts) -> dict[str, Any]:
    """Return a spelled category with nothing said of what some options say."""
    left = dict(base) | {"gates": dict(base.get("gates") or {})}
    for option in clear or ():
        name = _field(option)
        if name in GATES or name == "in_album":
            left["gates"].pop(FIELDS.get(name, name), None)
        elif name == "strictness":
            left = {field: value for field, value in left.items() if field not in ("strictness", "similarity")}
        else:
            left[FIELDS.get(name, name)] = {} if name == "gates" else None
    return {name: value for name, value in left.items() if value is not None}


def spelled(category: Category) -> dict[str, Any]:
    """Return a category as a file spells it."""
    found: dict[str, Any] = CATEGORY.dump_python(category, mode="json")
    return found


def category_of(said: Mapping[str, Any]) -> Category:
    """Return the category that is spelled; raises StartError naming what cannot be read."""
    try:
        return CATEGORY.validate_python(dict(said))
    except ValidationError as error:
        found = {_place(problem["loc"]): problem["msg"] for problem in reversed(error.errors(include_input=False))}
        raise StartError("; ".join(f"{place}: {words}" for place, words in reversed(found.items()))) from None


def _field(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")


def _place(path: tuple[str | int, ...]) -> str:
    shown = path[:2] if path[:1] == ("gates",) else path[:1]
    return ".".join(str(part)[:100] for part in shown) or "the category"


def _read(name: str) -> dict[str, Any]:
    from reactor.config.yaml_file import LARGEST, parse_yaml

    if name == "-":
        return parse_yaml(sys.stdin.buffer.read(LARGEST + 1), "what stands on standard input")
    try:
        with Path(name).open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise StartError(f"the file {name} cannot be read: {error.strerror}") from None
    return parse_yaml(data, f"the file {name}")


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
