"""What other servers say, made harmless: bodies bounded, JSON fit to be kept, words short and without secrets."""

import json
import re
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reactor.core.errors import Permanent

if TYPE_CHECKING:
    from aiohttp import StreamReader

MOST_VALUES = 1_000_000
"""Of one answer, which takes up to 100 bytes each; a page of 1,000 photos with all their EXIF has 60,000."""

LONGEST_MESSAGE = 300
LONGEST_READ = 10_000
PIECE = 8
"""So many characters of a secret in a row are taken for a part of it."""
LONGEST_NAME = 16

# As JSON writes them: PostgreSQL keeps neither NUL nor half a surrogate pair, in no column.
_PERHAPS_ODD = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_ODD = re.compile("[\0\ud800-\udfff]")


async def read_bounded(content: "StreamReader", limit: int, what: object) -> bytes:
    """Return the whole body, of at most ``limit`` bytes; Permanent, naming ``what`` was asked, for a larger one."""
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > limit:
            raise Permanent(f"{what}: the answer is larger than {limit // (1024 * 1024)} MB")
    return bytes(body)


def without_secrets(body: bytes, secrets: Iterable[str]) -> bytes:
    """Return an answer's text without secrets, which only somebody who repeats what he is sent puts there.

    What it says is stored, shown and logged as names and ids are. A secret that may be anybody's name, which must not
    change by it, stays: one that is shorter than a PIECE, or no longer than names are and of letters alone.
    """
    long = [one for one in secrets if len(one) >= PIECE and not (len(one) <= LONGEST_NAME and one.isalpha())]
    spelled = {
        form for one in long for form in (one, *(json.dumps(one, ensure_ascii=how)[1:-1] for how in (True, False)))
    }
    for form in sorted((form.encode(errors="replace") for form in spelled), key=len, reverse=True):
        if form.lower() in body.lower():
            body = re.sub(re.escape(form), b"***", body, flags=re.IGNORECASE)
    return body


def parse_json(body: bytes) -> Any:
    """Return what a body says, without characters that nothing can keep; raises ValueError.

    Also where it is nested too deeply or would take far more memory than its bytes.
    """
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MOST_VALUES:
        raise ValueError(f"the JSON holds more than {MOST_VALUES} values")
    try:
        value = json.loads(body.decode("utf-8"))
        return _kept(value) if _PERHAPS_ODD.search(body) else value
    except RecursionError:
        pass  # raised below: its stack of a thousand frames is no help to anybody
    raise ValueError("the JSON is nested too deeply")


def clean(text: str, secrets: Iterable[str] = (), *, longest: int = LONGEST_MESSAGE) -> str:
    """Return the text on one line, bounded, without control characters and without any part of a secret."""
    # Cut before it is looked at: it may be millions of characters long.
    printable = "".join(letter if letter.isprintable() else " " for letter in text[:LONGEST_READ])
    line = _without(" ".join(printable.split()), [secret for secret in secrets if secret])
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _kept(value: Any) -> Any:
    match value:
        case str():
            return _ODD.sub("", value)
        case list():
            return [_kept(one) for one in value]
        case dict():
            return {_kept(name): _kept(one) for name, one in value.items()}
    return value


def _without(text: str, secrets: Iterable[str]) -> str:
    """Return the text with *** for every piece of a secret; capitals do not matter, since names of hosts have none."""
    forms = {form for secret in secrets for form in (secret, quote(secret, safe=""))}
    pieces = {form[at : at + PIECE] for form in forms for at in range(max(1, len(form) - PIECE + 1))}
    if not pieces:
        return text
    any_piece = "|".join(re.escape(piece) for piece in sorted(pieces, key=len, reverse=True))
    hidden: set[int] = set()
    for found in re.finditer(f"(?=({any_piece}))", text, re.IGNORECASE):
        hidden.update(range(found.start(1), found.end(1)))
    parts = groupby(range(len(text)), key=hidden.__contains__)
    return "".join("***" if secret else "".join(text[at] for at in places) for secret, places in parts)
