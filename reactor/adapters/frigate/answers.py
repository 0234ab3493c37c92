"""What Frigate's answers mean: bytes in, values or errors named by what to do next out (facts/frigate-api.md)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

from reactor.adapters.harmless import clean, parse_json, without_secrets
from reactor.core.errors import Blocked, Gone, Permanent, Retryable, Unreachable
from reactor.core.portraits import NoFace, Recognition

NO_FACE = "No face was detected."
NOT_RECOGNIZED = "No face was recognized."
NOT_ENABLED = "Face recognition is not enabled."
MISLEADING = "Could not process request."
UNKNOWN = "unknown"
LONGEST_MESSAGE = 200

REDIRECTS = dict.fromkeys((301, 302, 303, 307, 308), "Frigate redirects, which is not followed; set its own address")
REFUSALS = REDIRECTS | {
    401: "Frigate asks for a login: set user and password, or use its internal port 5000",
    403: "Frigate's user is no admin, and its face library is for admins",
    404: "Frigate knows no such thing; the face library exists from Frigate 0.16 on",
    413: "the picture is larger than the 20 MB that Frigate takes",
    429: "Frigate asks to slow down",
}


class Unanswered(Unreachable):
    """Say that a request went out and no answer of Frigate's came: what it asked for may still happen."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer: the request in words, status, media type, ``Retry-After`` in seconds, and the whole body.

    ``secrets`` are taken out of what it says.
    """

    what: str
    status: int
    kind: str
    body: bytes
    after: float | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def text(self) -> bytes:
        """Return the body of an answer that is text; a picture is taken as it came."""
        return without_secrets(self.body, self.secrets)


def parsed(answer: Answer) -> object:
    """Parse a JSON answer; raises Permanent when it is none."""
    try:
        return parse_json(answer.text())
    except ValueError:
        pass  # raised below: the error must not carry the body along
    raise Permanent(f"{answer.what}: the answer is no JSON; is this the address of a Frigate server?")


def faces_of(answer: Answer) -> Mapping[str, tuple[str, ...]]:
    """Read the list of folders and their files."""
    value = parsed(answer)
    if not isinstance(value, dict):
        raise Permanent(f"{answer.what}: the list of faces is not an object")
    return {
        str(name): tuple(file for file in files if isinstance(file, str))
        for name, files in value.items()
        if isinstance(files, list)
    }


def camera_fps_of(answer: Answer) -> Mapping[str, float]:
    """Read the frames per second of every camera from the stats."""
    value = parsed(answer)
    cameras = value.get("cameras") if isinstance(value, dict) else None
    if not isinstance(cameras, dict):
        raise Permanent(f"{answer.what}: the stats name no cameras")
    return {
        str(name): fps
        for name, camera in cameras.items()
        if isinstance(camera, dict) and (fps := _number(camera.get("camera_fps"))) is not None
    }


def recognition_of(answer: Answer) -> Recognition | None:
    """Read whose face it is; None while Frigate has no classifier."""
    if answer.status == 400 and _message(answer) == NOT_RECOGNIZED:
        return None
    expect_success(answer)
    value = parsed(answer)
    name = value.get("face_name") if isinstance(value, dict) else None
    score = _number(value.get("score")) if isinstance(value, dict) else None
    if not isinstance(name, str) or score is None:
        raise Permanent(f"{answer.what}: the answer names neither a face nor a score")
    return Recognition(name=None if name == UNKNOWN else name, score=score)


def _number(value: object) -> float | None:
    """Return a number of JSON, None where it is none, or one without end or measure (1e999, 400 digits)."""
    try:
        number = float(value) if isinstance(value, int | float) else None
    except OverflowError:
        return None
    return number if number is not None and isfinite(number) else None


def message_of(answer: Answer) -> str:
    """Return Frigate's own words, shortened and without secrets; "" where there are none."""
    return clean(_message(answer), answer.secrets, longest=LONGEST_MESSAGE)


def _message(answer: Answer) -> str:
    """Return Frigate's own words as they came, to be compared and never shown."""
    if "json" not in answer.kind:
        return ""
    try:
        value = parse_json(answer.text())
        said = (value.get("message") or value.get("detail") or value.get("error")) if isinstance(value, dict) else ""
        return said if isinstance(said, str) else json.dumps(said)
    except (ValueError, RecursionError):
        return ""


def expect_success(answer: Answer) -> None:
    """Raise what an answer other than 2xx means."""
    if not 200 <= answer.status < 300:
        raise error_of(answer)


def error_of(answer: Answer) -> Retryable | Permanent:
    """Name a refusal by what to do next."""
    status, said = answer.status, message_of(answer)
    if status >= 500:
        return _server_error(answer, said)
    if status == 400:
        return _bad_request(answer, said)
    sentence = REFUSALS.get(status, f"Frigate answered {status}") + (f" ({said})" if said else "")
    if status == 429:
        return Unreachable(f"{answer.what}: {sentence}", after=answer.after)
    if status in (401, 403):
        return Blocked(f"{answer.what}: {sentence}")
    return Gone(f"{answer.what}: {sentence}") if status == 404 else Permanent(f"{answer.what}: {sentence}")


def _bad_request(answer: Answer, said: str) -> Permanent | Blocked:
    message = _message(answer)
    if message == NO_FACE:
        return NoFace(f"{answer.what}: Frigate found no face in the picture")
    if message == NOT_ENABLED:
        return Blocked("face recognition is switched off in Frigate: enable face_recognition there and restart it")
    if b"HTTPS port" in answer.body:
        return Permanent(f"{answer.what}: Frigate wants TLS on this port: write https:// in its address")
    return Permanent(f"{answer.what}: Frigate refused: {said or 'without a reason'}")


def _server_error(answer: Answer, said: str) -> Retryable:
    if _message(answer).startswith(MISLEADING):
        # Six causes, of which a restart helps against one (facts/frigate-api.md section 3).
        return Retryable(
            f"{answer.what}: Frigate could not process the picture. Its advice to restart is misleading: it was busy "
            "with another face, the face touches the picture's edge, or face recognition was enabled without a restart"
        )
    if "html" in answer.kind:
        # 502 and 504: nginx did pass the request on, and Frigate ended over it or was too slow.
        kind = Unanswered if answer.status in (502, 504) else Unreachable
        return kind(f"{answer.what}: Frigate is starting or restarting (HTTP {answer.status})", after=answer.after)
    return Retryable(f"{answer.what}: Frigate failed with HTTP {answer.status}: {said}", after=answer.after)
