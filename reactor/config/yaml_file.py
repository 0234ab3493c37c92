"""Files of settings: YAML that cannot run anything, fill the memory, or have its words repeated."""

import re
from pathlib import Path
from typing import Any

import yaml

from reactor.core.errors import StartError

LARGEST = 1024 * 1024
MOST_VALUES = 100_000
"""After every reference is followed: ten lines can mean ten thousand million values."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class TooLarge(Exception):
    """Say that no settings are as many as these."""


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the names and values of a settings file; raises StartError, which never repeats a value."""
    called = f"the settings file {path}"
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise StartError(f"{called} cannot be read: {str(error)[:300]}") from None
    return parse_yaml(data, called)


def parse_yaml(data: bytes, called: str) -> dict[str, Any]:
    """Return the names and values that are written; raises StartError as ``read_yaml`` does, ``called`` so."""
    try:
        loaded = _values(_text(data))
    except yaml.YAMLError as error:
        raise StartError(f"{called} cannot be read: {_place(error)}") from None
    except RecursionError:
        raise StartError(f"{called} cannot be read: it is nested too deeply") from None
    except (UnicodeDecodeError, TooLarge) as error:
        raise StartError(f"{called} cannot be read: {str(error)[:300]}") from None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise StartError(f"{called} must hold names and values")
    return loaded


def shown_names(names: set[Any]) -> str:
    """Return names that no setting has, as far as they can be shown: some may be a secret in the wrong place."""
    shown = sorted(name for name in names if isinstance(name, str) and _NAME.fullmatch(name))
    hidden = len(names) - len(shown)
    return ", ".join([*shown[:20], *([f"{hidden} that look like no setting's name"] if hidden else [])])


def _text(data: bytes) -> str:
    if len(data) > LARGEST:
        raise TooLarge(f"it is larger than {LARGEST // 1024} KB")
    return data.decode("utf-8")


def _values(text: str) -> Any:
    """Return what the text says; raises YAMLError also for values that are not what their tag or form says."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _size(node, {}) > MOST_VALUES:
            raise TooLarge(f"its references mean more than {MOST_VALUES} values")
        return loader.construct_document(node)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError):
        # PyYAML's own, of dates like 2026-99-99 or what is tagged !!int and is none; their words quote the value.
        pass
    finally:
        loader.dispose()
    raise yaml.YAMLError("a value that is not what it looks like")


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Return how many values a node stands for; one that holds itself is told as too many."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if (size := known.get(id(node))) is not None:
        return size
    known[id(node)] = MOST_VALUES + 1  # until it is known: only what it holds can ask
    parts = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
    known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]


def _place(error: yaml.YAMLError) -> str:
    """Say where it is no YAML; the error's own words quote the line, which may hold a secret."""
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    where = f"line {mark.line + 1}, column {mark.column + 1} is no valid YAML" if mark else "it is no valid YAML"
    return f"{where}; a value that holds any of % @ ! : # or a quote, or looks like a date, must stand in quotes"
