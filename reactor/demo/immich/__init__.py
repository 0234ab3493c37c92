"""A simulated Immich 3.1.0 server, for the demo and the tests."""

from reactor.demo.immich.errors import DropConnectionError
from reactor.demo.immich.server import SimulatedImmich
from reactor.demo.immich.state import User, Write

__all__ = ["DropConnectionError", "SimulatedImmich", "User", "Write"]
