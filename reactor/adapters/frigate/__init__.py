"""Frigate's face library: what it holds, and the few ways in which we change it."""

from reactor.adapters.frigate.faces import FrigateFaces
from reactor.adapters.frigate.transport import FrigateTransport, open_transport
from reactor.adapters.frigate.writing import FrigateFaceWriter

__all__ = ["FrigateFaceWriter", "FrigateFaces", "FrigateTransport", "open_transport"]
