"""What Frigate's answers mean: bytes in, values or errors named by what to do next out (facts/frigate-api.md)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

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
    """One answer: the request in words, status, media type, ``Retry-After`` in seconds, and the whole body."""

    what: str
    status: int
    kind: str
    body: bytes
    after: float | None = None


def parsed(answer: Answer) -> object:
    """Parse a JSON answer; raises Permanent when it is none."""
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
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
        str(name): float(camera["camera_fps"])
        for name, camera in cameras.items()
        if isinstance(camera, dict) and isinstance(camera.get("camera_fps"), int | float)
    }


def recognition_of(answer: Answer) -> Recognition | None:
    """Read whose face it is; None while Frigate has no classifier."""
    if answer.status == 400 and message_of(answer) == NOT_RECOGNIZED:
        return None
    expect_success(answer)
    value = parsed(answer)
    name = value.get("face_name") if isinstance(value, dict) else None
    score = value.get("score") if isinstance(value, dict) else None
    if not isinstance(name, str) or not isinstance(score, int | float):
        raise Permanent(f"{answer.what}: the answer names neither a face nor a score")
    return Recognition(name=None if name == UNKNOWN else name, score=float(score))


def message_of(answer: Answer) -> str:
    """Return Frigate's own words, shortened; "" where there are none."""
    if "json" not in answer.kind:
        return ""
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    said = (value.get("message") or value.get("detail") or value.get("error")) if isinstance(value, dict) else ""
    text = said if isinstance(said, str) else json.dumps(said)
    return "".join(letter if letter.isprintable() else " " for letter in text)[:LONGEST_MESSAGE]


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
    if said == NO_FACE:
        return NoFace(f"{answer.what}: Frigate found no face in the picture")
    if said == NOT_ENABLED:
        return Blocked("face recognition is switched off in Frigate: enable face_recognition there and restart it")
    if b"HTTPS port" in answer.body:
        return Permanent(f"{answer.what}: Frigate wants TLS on this port: write https:// in its address")
    return Permanent(f"{answer.what}: Frigate refused: {said or 'without a reason'}")


def _server_error(answer: Answer, said: str) -> Retryable:
    if said.startswith(MISLEADING):
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
