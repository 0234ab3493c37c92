"""One model that is kept open: what cannot be loaded, or keeps failing, is opened anew by itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from reactor.adapters.clip.encoder import ClipEncoder, ModelInfo
from reactor.adapters.clip.folder import NotLoadable
from reactor.core.errors import StartError, Unreachable

log = structlog.get_logger(__name__)

LONGEST_PROBLEM = 400
SOONEST_S = 1.0
"""Nobody is told to come back sooner, though the next try may be under way."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How a model is opened again: pauses in seconds that double from the first to the longest.

    After ``failures`` in a row it is opened anew: a session does not recover by itself from a reset of the card.
    """

    first_s: float = 5.0
    longest_s: float = 300.0
    failures: int = 5


class KeptModel:
    """Hold the encoder of one model folder, and mend it in the background while it is missing."""

    def __init__(self, name: str, open_encoder: Callable[[], Awaitable[ClipEncoder]], patience: Patience) -> None:
        self._name = name
        self._open_encoder = open_encoder
        self._patience = patience
        self._encoder: ClipEncoder | None = None
        self._info: ModelInfo | None = None
        self._problem = ""
        self._mending: asyncio.Task[None] | None = None
        self._pause = patience.first_s
        self._next_at = 0.0
        self._failures = 0

    async def start(self, *, patient: bool) -> None:
        """Open the model; raises StartError, but if ``patient`` only for what no waiting can mend."""
        try:
            self._take(await self._open_encoder())
        except NotLoadable as error:
            if not patient:
                raise
            self._note(str(error))
            self._mend(at_once=False)

    @property
    def is_open(self) -> bool:
        """Say whether there is an open encoder."""
        return self._encoder is not None

    @property
    def encoder(self) -> ClipEncoder:
        """Return the open encoder; raises Unreachable while there is none."""
        if self._encoder is None:
            raise Unreachable(self.state, after=max(SOONEST_S, self._next_at - time.monotonic()))
        return self._encoder

    @property
    def info(self) -> ModelInfo:
        """Return what the model was when it was last open; raises Unreachable where it never was."""
        if self._info is None:
            raise Unreachable(self.state, after=max(SOONEST_S, self._next_at - time.monotonic()))
        return self._info

    @property
    def state(self) -> str:
        """Say in words where the model runs, or why it does not and when it is tried again."""
        if self._encoder is not None:
            return self._encoder.provider
        wait = self._next_at - time.monotonic()
        again = f"in {wait:.0f} s" if wait >= 1 else "now"
        return f"the model {self._name} cannot be loaded: {self._problem}; it is tried again {again}"

    def worked(self, encoder: ClipEncoder) -> None:
        """Note that the model did its work."""
        if encoder is self._encoder:
            self._failures, self._pause = 0, self._patience.first_s

    def failed(self, encoder: ClipEncoder, problem: str) -> None:
        """Note that the model failed; after too many times in a row it is closed and opened anew."""
        if encoder is not self._encoder:
            return
        self._failures += 1
        if self._failures >= self._patience.failures:
            self._note(problem)
            # At once, but for a model that was opened anew already and has not worked since.
            self._mend(at_once=self._pause == self._patience.first_s)

    async def aclose(self) -> None:
        """Stop mending and close what is open."""
        if self._mending is not None:
            self._mending.cancel()
            await asyncio.gather(self._mending, return_exceptions=True)
        if self._encoder is not None:
            await self._encoder.aclose()

    def _mend(self, *, at_once: bool) -> None:
        old, self._encoder = self._encoder, None
        self._plan(at_once=at_once)
        self._mending = asyncio.create_task(self._open_again(old), name="mend the model")

    def _plan(self, *, at_once: bool = False) -> None:
        self._next_at = time.monotonic() + (0.0 if at_once else self._pause)
        self._pause = min(2 * self._pause, self._patience.longest_s)

    async def _open_again(self, old: ClipEncoder | None) -> None:
        if old is not None:
            await old.aclose()  # first, so that what it holds is free
        while True:
            await asyncio.sleep(self._next_at - time.monotonic())
            try:
                self._take(await self._open_encoder())
            except StartError as error:
                self._note(str(error))
            except Exception as error:
                # Whatever it was, a reactor that gave up here would never embed again.
                log.exception("the model could not be opened, for a reason that nobody foresaw", model=self._name)
                self._note(f"{type(error).__name__}: {error}")
            else:
                return
            self._plan()

    def _take(self, encoder: ClipEncoder) -> None:
        known, self._info = self._info, encoder.model
        if known is not None and known.hash != encoder.model.hash:
            log.warning("the model's files were replaced; new photos get vectors of the new ones", model=self._name)
        if self._problem:
            log.info("the model is loaded again", model=self._name, provider=encoder.provider)
        self._encoder, self._problem, self._failures = encoder, "", 0

    def _note(self, said: str) -> None:
        problem = " ".join(said.split())[:LONGEST_PROBLEM]
        if problem != self._problem:
            log.error("the model cannot be loaded; it is tried again and again", model=self._name, problem=problem)
        self._problem = problem
