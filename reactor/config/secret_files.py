"""Secrets that lie in files, as Docker and Kubernetes hand them out."""

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reactor.core.errors import StartError

LARGEST = 8 * 1024


class BadSecretFile(StartError, ValueError):
    """Say which secret file cannot be used; a ValueError too, so that a model's check adds the place of the setting."""


def read_secret(path: Path, setting: str) -> str:
    """Return a file's content without the white space around it; raises BadSecretFile, which never tells the content.

    The file is at most 8 KB of UTF-8; ``setting`` is the name under which the file was given.
    """
    try:
        data = _bytes(path)
        text = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        problem = "is no text"
    except (OSError, ValueError) as error:
        problem = f"cannot be read: {error.strerror if isinstance(error, OSError) else 'no usable path'}"
    else:
        if len(data) <= LARGEST and text:
            return text
        problem = "is empty" if not text else f"is larger than {LARGEST // 1024} KB, which no secret is"
    raise BadSecretFile(f"{setting}: the secret file {_named(path)} {problem}")


def with_secret(said: dict[str, Any], secret: str, file: str) -> dict[str, Any]:
    """Return the settings with the secret read, where its file is named; the two may not stand together."""
    whole = {name: value for name, value in said.items() if value is not None}
    if isinstance(path := whole.get(file), str | Path):
        if secret in whole:
            raise BadSecretFile(f"{secret} and {file} are both set; give one of them")
        whole[secret] = read_secret(Path(path), file)
    return whole


def layers_with_secret(sources: Sequence[dict[str, Any]], secret: str, file: str) -> list[dict[str, Any]]:
    """Return what each source says, strongest first; of the secret only what the strongest says, read from its file."""
    layers, beaten = [], False
    for said in sources:
        pair = {name: said[name] for name in (secret, file) if said.get(name) is not None}
        rest = {name: value for name, value in said.items() if name not in (secret, file)}
        layers.append(rest | ({} if beaten else with_secret(pair, secret, file)))
        beaten = beaten or bool(pair)
    return layers


def with_secrets(said: dict[str, Any], secrets: str, files: str) -> dict[str, Any]:
    """Return the settings with what the files hold added to the list of secrets."""
    whole = {name: value for name, value in said.items() if value is not None}
    paths, there = whole.get(files), whole.get(secrets, ())
    if not isinstance(paths, list | tuple) or not isinstance(there, list | tuple):
        return whole  # what is wrong is said so when it is read
    if all(isinstance(path, str | Path) for path in paths):
        whole[secrets] = (*there, *(read_secret(Path(path), files) for path in paths))
    return whole


def _bytes(path: Path) -> bytes:
    """Return the first bytes of a plain file, one more than a secret may have."""
    # Looked at before it is opened: a pipe that nobody fills would hold the start for ever.
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(None, "it is no plain file")
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def _named(path: Path) -> str:
    # Who puts the secret itself where its file belongs must not find it in a log.
    return str(path)[:300] if path.is_absolute() else "(a relative name that is not repeated: it may be the secret)"
