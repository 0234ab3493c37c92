"""Read request bodies the way FastAPI does: an upload, or a JSON object."""

import json
import re

from aiohttp import web


async def upload(request: web.Request) -> bytes | None:
    """Return the bytes of the multipart part ``file``, None where there is none."""
    kind = request.headers.get("Content-Type", "")
    boundary = re.search(r'boundary="?([^";]+)"?', kind)
    if not kind.startswith("multipart/form-data") or boundary is None:
        return None
    for part in (await request.read()).split(b"--" + boundary[1].encode())[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if re.search(rb'name="file"', head) and re.search(rb"filename", head):
            return content.removesuffix(b"\r\n")
    return None


async def json_object(request: web.Request) -> dict[str, object]:
    """Return the JSON object of the body; {} for anything else."""
    try:
        value = json.loads(await request.read() or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
