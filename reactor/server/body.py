"""Read the body of a request whose sender may mean harm."""

import asyncio

from aiohttp import web

SECONDS = 10.0
"""How long a body may take to arrive."""

DAMAGED = "the body is not what its Content-Encoding or Transfer-Encoding says"


async def read_body(request: web.Request, limit: int) -> bytes:
    """Return the body of at most ``limit`` bytes; unlike ``request.read`` this keeps no copy while the request waits.

    Raises HTTPRequestEntityTooLarge, HTTPBadRequest where it cannot be unpacked, TimeoutError.
    """
    declared = request.content_length or 0
    if declared > limit:
        raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=declared)
    body = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > limit:
                    raise web.HTTPRequestEntityTooLarge(max_size=limit, actual_size=len(body))
    except web.RequestPayloadError:
        raise web.HTTPBadRequest(text=DAMAGED) from None
    return bytes(body)
