"""Logins, tokens and roles of the port that asks for them (facts/frigate-api.md section 1, Auth)."""

import secrets
from http.cookies import SimpleCookie
from typing import TypeAlias

from aiohttp import web

from reactor.demo.frigate import answers
from reactor.demo.frigate.bodies import json_object
from reactor.demo.frigate.world import Faults

COOKIE = "frigate_token"
ADMIN = "admin"
VIEWER = "viewer"
Identity: TypeAlias = tuple[str, str]
"""User and role."""
IDENTITY = web.RequestKey("identity", tuple[str, str])

DENIED = "Access denied. A user with the admin role is required."
DENIED_BEFORE_17 = "Role viewer not authorized. Required: admin"
ADMIN_VERBS_BEFORE_17 = ("/create", "/register", "/delete", "/rename")


class Sessions:
    """Give tokens for passwords; a token is an opaque word here, a JWT on the real one."""

    def __init__(self, users: dict[str, tuple[str, str]], faults: Faults) -> None:
        """Take ``users``: name -> (password, role)."""
        self._users = users
        self._faults = faults
        self._tokens: dict[str, Identity] = {}

    def expire(self) -> None:
        """Make every token worthless, as after their 24 hours."""
        self._tokens.clear()

    async def login(self, request: web.Request) -> web.Response:
        if self._faults.login_limited:
            return answers.reply({"error": "Rate limit exceeded: 1 per 1 second"}, 429)
        body = await json_object(request)
        lacking = [name for name in ("user", "password") if name not in body]
        if lacking:
            return answers.missing(*lacking, given=body)
        if not self._users:
            return answers.reply({"message": "Authentication is disabled"}, 404)
        user = str(body["user"])
        password, role = self._users.get(user, ("", VIEWER))
        if not password or not secrets.compare_digest(password, str(body["password"])):
            return answers.reply({"message": "Login failed"}, 401)
        token = secrets.token_urlsafe(32)
        self._tokens[token] = (user, role)
        response = web.Response(status=200)
        response.set_cookie(COOKIE, token, httponly=True, max_age=86400)
        return response

    def identity(self, request: web.Request) -> Identity | None:
        """Return who asks, by cookie or bearer token."""
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        cookies = SimpleCookie(request.headers.get("Cookie", ""))
        cookie = cookies[COOKIE].value if COOKIE in cookies else ""
        return self._tokens.get(bearer or cookie)


def denial(request: web.Request, role: str, release: tuple[int, int]) -> web.Response | None:
    """Return the 403 for a viewer where the version asks for an admin (section 7)."""
    path = request.path
    if role == ADMIN:
        return None
    if release < (0, 17):
        needs_admin = path.startswith("/api/faces/") and path.endswith(ADMIN_VERBS_BEFORE_17)
        return answers.detail(DENIED_BEFORE_17, 403) if needs_admin else None
    needs_admin = path.startswith(("/api/faces", "/clips/faces", "/api/restart"))
    return answers.detail(DENIED, 403) if needs_admin else None
