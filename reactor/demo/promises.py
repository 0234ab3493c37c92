"""The reactor's tables of allowed requests, held against what reaches the simulated servers.

The clients refuse such requests by themselves; here the other side looks too, so that every demo proves it.
"""

from reactor.adapters.frigate.routes import allows as frigate_allows
from reactor.adapters.immich.routes import ALLOWED
from reactor.adapters.immich.routes import allows as immich_allows
from reactor.demo.frigate import SimulatedFrigate
from reactor.demo.immich import SimulatedImmich
from reactor.demo.watch import FORM, Allowed


class BrokenPromise(Exception):
    """Say which request was sent that the reactor's own table does not hold."""


def hold(immich: SimulatedImmich, key: str, frigate: SimulatedFrigate, *, allows: Allowed = immich_allows) -> None:
    """Hold the reactor to its tables: on Immich by its own key, on Frigate whoever asks, since nobody else does."""
    immich.hold_to(key, allows)
    frigate.hold_to(_frigate_allows)


def hold_to_reading(immich: SimulatedImmich, key: str, frigate: SimulatedFrigate) -> None:
    """Hold the reactor to what observing needs: on Immich to reading and searching, on Frigate to reading."""
    reads = tuple(route for route in ALLOWED if route.kind != "write")
    immich.hold_to(key, lambda method, path, body: immich_allows(method, path, body, reads))
    frigate.hold_to(lambda method, path, body: method == "GET" and _frigate_allows(method, path, body))


def expect_kept(immich: SimulatedImmich, frigate: SimulatedFrigate) -> None:
    """Raise BrokenPromise where a request outside the tables reached one of the servers."""
    for server, violations in (("Immich", immich.violations), ("Frigate", frigate.violations)):
        if violations:
            first = violations[0]
            raise BrokenPromise(
                f"a request that the reactor promises never to send reached {server}: {first.method} {first.path} "
                f"({len(violations)} in all)"
            )


def _frigate_allows(method: str, path: str, body: object) -> bool:
    picture = body == FORM
    return frigate_allows(method, path, None if picture else body, picture=picture)
