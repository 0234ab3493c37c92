"""The bodies of Frigate's answers, to the letter (captures/frigate/faces-0.1{6,7,8}.http)."""

import json

from aiohttp import web

DETECTED_NONE = "No face was detected."
RECOGNIZED_NONE = "No face was recognized."
REGISTERED = "Successfully registered face."
NOT_ENABLED = "Face recognition is not enabled."
MISLEADING = "Could not process request. Try restarting Frigate."


def reply(value: object, status: int = 200) -> web.Response:
    """Answer JSON the way Starlette writes it: compact, UTF-8, no charset in the type."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return web.Response(body=text.encode(), status=status, content_type="application/json")


def done(text: str) -> web.Response:
    return reply({"success": True, "message": text})


def refused(text: str, status: int) -> web.Response:
    """Answer a refusal whose ``success`` comes first; Frigate writes both orders."""
    return reply({"success": False, "message": text}, status)


def refused_late(text: str, status: int) -> web.Response:
    return reply({"message": text, "success": False}, status)


def detail(text: str, status: int) -> web.Response:
    return reply({"detail": text}, status)


def missing(*fields: str, given: object) -> web.Response:
    """Answer FastAPI's 422 for required fields that the body lacks."""
    faults = [{"type": "missing", "loc": ["body", name], "msg": "Field required", "input": given} for name in fields]
    return reply({"detail": faults}, 422)


def crashed() -> web.Response:
    """Answer what Starlette says when a handler raises."""
    return web.Response(body=b"Internal Server Error", status=500, content_type="text/plain", charset="utf-8")


def nginx_page(status: int, title: str) -> web.Response:
    """Answer one of nginx's own pages."""
    lines = [
        "<html>",
        f"<head><title>{status} {title}</title></head>",
        "<body>",
        f"<center><h1>{status} {title}</h1></center>",
        "<hr><center>nginx/1.22.1</center>",
        "</body>",
        "</html>",
        "",
    ]
    return web.Response(body="\r\n".join(lines).encode(), status=status, content_type="text/html")
