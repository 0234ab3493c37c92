"""What an answer of Immich means for the caller; pure, so that every case can be read and tested in one place."""

from collections.abc import Mapping

from reactor.adapters import harmless
from reactor.core.errors import Blocked, Gone, NotReady, Permanent, Retryable, Unreachable

SHORTEST_WAIT_S = 1.0
LONGEST_WAIT_S = 300.0
# Not one photo's fault: too many requests, or a proxy that does not get through to Immich.
AWAY = (408, 429, 502, 503, 504)
GONE = "Not found or no"
MISSING_PERMISSION = "Missing required permission:"


class KeyRefused(Blocked):
    """Say that Immich does not know the API key."""


class ForbiddenCall(Permanent):
    """Say that a request is not in the table of allowed ones; nothing was sent."""


class MissingPermission(Blocked):
    """Say which permission the API key lacks; ``permission`` is Immich's name of it."""

    def __init__(self, message: str, *, permission: str) -> None:
        super().__init__(message)
        self.permission = permission


class Garbled(Retryable):
    """Say that Immich's answer is not of the form that we know; it may be this one photo's."""


class NotImmich(Unreachable):
    """Say that something else answered; often a proxy's page while Immich starts."""


def clean(text: str, *, secret: str = "") -> str:
    """Return the text on one line, bounded, without control characters and without any part of the secret."""
    return harmless.clean(text, (secret,))


def said(body: bytes) -> str | None:
    """Return what an error body says: ``message``, and the fields of a failed validation; None if it is not Immich's.

    3.x sends ``{"message", "errors"?}``, 2.x a list of messages (facts/immich-api.md section 2).
    """
    try:
        answer = harmless.parse_json(body)
    except ValueError:
        return None
    message = answer.get("message") if isinstance(answer, dict) else None
    if not isinstance(message, str | list):
        return None
    text = "; ".join(str(part) for part in message) if isinstance(message, list) else message
    errors = answer.get("errors")
    details = [
        f"{'.'.join(str(part) for part in error['path'])}: {error.get('message')}"
        for error in (errors if isinstance(errors, list) else ())
        if isinstance(error, dict) and isinstance(error.get("path"), list)
    ]
    return f"{text} ({'; '.join(details)})" if details else text


def error_of(status: int, call: str, message: str | None, headers: Mapping[str, str], *, media: bool) -> Exception:
    """Return what to raise for an answer that is no success.

    ``call`` names the request; ``message`` is clean, and None where the body is not Immich's JSON. The meanings are
    measured (facts/immich-api.md section 2): missing and foreign objects are 400, media that is not there yet is 404,
    Immich's own 500 may be this one photo's, and it says "message" with every error, unlike a proxy before it.
    """
    quoted = f'"{message}"' if message else "no message"
    after = _wait(headers.get("Retry-After", ""))
    if error := _away(status, call, message, after) or _refused(status, call, message or ""):
        return error
    if status == 404 and media:
        return NotReady(f"{call}: Immich has no picture (yet): {quoted}")
    if status >= 500:
        return Retryable(f"{call}: Immich answered {status}, {quoted}", after=after)
    if status == 404:
        return Permanent(f"{call}: unknown there ({quoted}); is this the address of an Immich server?")
    return Permanent(f"{call}: Immich answered {status}, {quoted}")


def _away(status: int, call: str, message: str | None, after: float | None) -> Unreachable | None:
    if message is None and (status == 404 or status >= 500):
        sentence = f"{call}: {status}, and not from Immich; it may be starting, or the address may be another server's"
        return Unreachable(sentence, after=after)
    if status in AWAY:
        return Unreachable(f'{call}: Immich answered {status}, "{message or ""}"', after=after)
    return None


def _refused(status: int, call: str, message: str) -> Blocked | Gone | None:
    # "Elevated permission is required" is 401 too, but speaks of one locked photo, not of the key (capture 211).
    if status == 401 and not message.startswith("Elevated"):
        return KeyRefused(f'Immich refuses the API key ("{message}"): make a new one in Immich\'s account settings')
    if status == 403 and message.startswith(MISSING_PERMISSION):
        name = message.removeprefix(MISSING_PERMISSION).strip()
        return MissingPermission(f"the API key lacks the permission {name}, needed for {call}", permission=name)
    if status == 400 and message.startswith(GONE):
        return Gone(f'{call}: "{message}"')
    return None


def _wait(header: str) -> float | None:
    """Return the seconds that a header asks for, in bounds: 0 must not become a busy loop."""
    if not (header.isascii() and header.isdigit()):
        return None
    return min(max(float(header), SHORTEST_WAIT_S), LONGEST_WAIT_S)
