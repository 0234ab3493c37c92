"""Errors named by what the caller can do next; the message is the sentence shown to the user."""


class Retryable(Exception):
    """Say that the same attempt may succeed later.

    ``after`` is a wait in seconds that the other side asked for, or None for the usual backoff.
    """

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class NotReady(Retryable):
    """Say that something is not there yet (a preview, a camera frame) and is expected soon."""


class Stale(Retryable):
    """Say that the world changed while it was looked at, so that it has to be decided anew."""


class Unreachable(Retryable):
    """Say that the other side is away as a whole (restarting, unplugged); an outage costs no try."""


class Blocked(Retryable):
    """Say that nothing goes until a person mends it (a key, a permission); waiting for that costs no try."""


class Held(Retryable):
    """Say that we hold back by our own rule (a limit); this costs no try."""


class Permanent(Exception):
    """Say that no later attempt will succeed until somebody changes something."""


class Gone(Permanent):
    """Say that the thing does not exist (any more) or is not ours to see."""


class BadWebhook(Exception):
    """Say why a request body is not an event that we understand."""


class StartError(Exception):
    """Say why the reactor cannot start, and what helps."""
