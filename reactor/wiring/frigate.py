"""Frigate's face library, where there is one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from reactor.adapters.frigate.faces import FrigateFaces
from reactor.adapters.frigate.transport import open_transport
from reactor.adapters.frigate.writing import FrigateFaceWriter
from reactor.config import FrigateSettings
from reactor.core.errors import Permanent, Retryable


@dataclass(frozen=True, kw_only=True)
class Frigate:
    """The two sides of Frigate's face library."""

    faces: FrigateFaces
    writer: FrigateFaceWriter

    async def answers(self) -> str:
        """Say in words whether Frigate answers."""
        try:
            return f"ok, {await self.faces.version()}"
        except (Retryable, Permanent) as error:
            return f"failed: {error}"


@asynccontextmanager
async def open_frigate(settings: FrigateSettings | None) -> AsyncIterator[Frigate | None]:
    """Yield Frigate's two sides, or None where no Frigate is set; raises StartError for a bad address."""
    if settings is None:
        yield None
        return
    password = settings.password.get_secret_value() if settings.password is not None else None
    async with open_transport(
        settings.url, user=settings.user, password=password, verify_tls=settings.verify_tls
    ) as transport:
        faces = FrigateFaces(transport)
        yield Frigate(faces=faces, writer=FrigateFaceWriter(transport, faces))
