"""Ports of loopback for servers that are told where to listen, and that may be started there again."""

import random
import socket
from contextlib import suppress

LOWEST, HIGHEST = 15_000, 32_000
"""Below what the system gives to those who ask for any port: one of those could be gone before it is listened on."""


def a_free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on; most likely it stays so until it is used."""
    chance = random.SystemRandom()
    while True:
        port = chance.randint(LOWEST, HIGHEST)
        with socket.socket() as listener, suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            return port
