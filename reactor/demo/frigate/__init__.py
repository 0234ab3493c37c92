"""A simulated Frigate 0.16, 0.17 or 0.18 that speaks the measured wire of its face library."""

from reactor.demo.frigate.server import SimulatedFrigate
from reactor.demo.frigate.world import Faults, Write

__all__ = ["Faults", "SimulatedFrigate", "Write"]
