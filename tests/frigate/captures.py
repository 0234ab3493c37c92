"""Read the recorded request-answer pairs of a real Frigate."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

# The recorder cut bodies that are longer than this.
LONGEST = 1400
TIME = re.compile(r"\d{10}\.\d+")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One recorded exchange; ``upload`` (part, file name, size), ``sent`` the JSON body."""

    title: str
    method: str
    url: str
    headers: dict[str, str]
    upload: tuple[str, str, int] | None
    sent: object | None
    status: int
    answer_headers: dict[str, str]
    body: str

    @property
    def path(self) -> str:
        return "/" + self.url.split("/", 3)[3]

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].split("/")[0])


def captures(name: str) -> list[Pair]:
    """Return the pairs of a recording; skip the test where the recordings are not at hand."""
    shared = Path(os.environ.get("REACTOR_SHARED") or Path(__file__).resolve().parents[3] / "shared")
    path = shared / "captures" / "frigate" / name
    if not path.is_file():
        pytest.skip(f"{path} is absent; set REACTOR_SHARED to the folder that holds the recordings")
    text = path.read_bytes().decode(errors="replace").replace("\r\n", "\n")
    blocks = re.split(r"^### ", re.sub(r"^#{12} .*$", "", text, flags=re.MULTILINE), flags=re.MULTILINE)
    return [_pair(block) for block in blocks[1:]]


def _pair(block: str) -> Pair:
    request, _, answer = block.partition("\n--> ")
    title, target, *lines = request.split("\n")
    method, url = target.split(" ", 1)
    headers: dict[str, str] = {}
    upload, sent = None, None
    for line in lines:
        part = re.fullmatch(r"multipart (\w+): filename='(.*)' (\d+) bytes \S+", line)
        header = re.fullmatch(r"([A-Za-z-]+): (.*)", line)
        if part:
            upload = (part[1], part[2], int(part[3]))
        elif line.startswith("{"):
            sent = json.loads(line)
        elif header:
            headers[header[1].lower()] = header[2]
    status, _, rest = answer.partition("\n")
    answer_headers: dict[str, str] = {}
    answered = rest.split("\n")
    while answered and (header := re.fullmatch(r"([A-Za-z-]+): (.*)", answered[0])):
        answer_headers[header[1].lower()] = header[2]
        answered.pop(0)
    return Pair(
        title=title,
        method=method,
        url=url,
        headers=headers,
        upload=upload,
        sent=sent,
        status=int(status.split(" ")[0]),
        answer_headers=answer_headers,
        body="\n".join(answered).strip("\n"),
    )
