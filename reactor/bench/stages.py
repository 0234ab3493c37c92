"""Which part of the reactor's work counts for which stage."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import imagehash

from reactor.acts.perform import Performer
from reactor.adapters.clip import embedder, encoder
from reactor.adapters.clip.session import OnnxSession
from reactor.adapters.immich.reading import ImmichLibrary
from reactor.adapters.immich.writing import ImmichWriter
from reactor.adapters.postgres.eventlog import PostgresEventLog
from reactor.adapters.postgres.journal import PostgresJournal
from reactor.adapters.postgres.limits import PostgresLimits
from reactor.adapters.postgres.photos import PostgresPhotos
from reactor.adapters.postgres.queue import PostgresQueue
from reactor.adapters.postgres.vetoes import PostgresVetoes
from reactor.bench.stopwatch import Stopwatch
from reactor.routing import Router
from reactor.stages import archive, classify, embed, stack

DOWNLOAD, DECODE, MODEL, HASH = "download", "decode and preprocess", "model", "hash and sharpness"
IMMICH, JOURNAL, DATABASE, ACTS = "other calls to Immich", "journal", "log, queue and photos", "acts"
LOOP = "worker, event loop and its transports"
THREADED = frozenset({DECODE, MODEL, HASH})
"""Stages whose work is done beside the event loop's thread."""

_POINTS: tuple[tuple[Any, tuple[str, ...], str], ...] = (
    (ImmichLibrary, ("preview",), DOWNLOAD),
    (ImmichLibrary, ("asset", "stack"), IMMICH),
    (ImmichWriter, ("add_tags", "archive", "make_stack", "set_cover"), IMMICH),
    (encoder, ("prepare",), DECODE),
    (imagehash, ("phash",), HASH),
    (embedder, ("tile_sharpness",), HASH),
    (OnnxSession, ("run",), MODEL),
    (PostgresJournal, ("write", "settle", "open_entries", "past", "unanswered"), JOURNAL),
    (PostgresLimits, ("tripped", "count_since", "share"), JOURNAL),
    (PostgresVetoes, ("remember",), JOURNAL),
    (PostgresQueue, ("claim", "claim_batch", "next_due", "done", "failed", "release"), DATABASE),
    (PostgresEventLog, ("append", "pending", "heard"), DATABASE),
    (PostgresPhotos, ("save", "set_burst", "embedded", "around", "sample"), DATABASE),
    (Performer, ("carry_out", "recover"), ACTS),
)
_ROUTERS: tuple[Router, ...] = (embed.router, classify.router, archive.router, stack.router)


@contextmanager
def watched(watch: Stopwatch) -> Iterator[None]:
    """Charge the work of every reactor that is opened in the block to the stages."""
    with ExitStack() as exits:
        for owner, names, stage in _POINTS:
            for name in names:
                original = getattr(owner, name)
                setattr(owner, name, watch.wrap(stage, original))
                exits.callback(setattr, owner, name, original)
        for router in _ROUTERS:
            for name, reaction in list(router.reactions.items()):
                router.reactions[name] = replace(reaction, handle=watch.wrap(name, reaction.handle))
                exits.callback(router.reactions.__setitem__, name, reaction)
        yield
