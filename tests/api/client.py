"""A client of the API that holds every answer against the API's own document."""

from dataclasses import dataclass, field
from typing import Any

import aiohttp

from ..contract import Contract


@dataclass
class Api:
    """Ask; an answer that the document does not describe, to the last field, fails the test."""

    session: aiohttp.ClientSession
    contract: Contract
    statuses: set[tuple[str, int]] = field(default_factory=set)

    async def get(self, path: str, **query: Any) -> tuple[int, Any]:
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        return await self._ask("POST", path, json=body if body is not None else {}, headers=headers)

    async def raw(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        return await self._ask(method, path, **options)

    async def _ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with self.session.request(method, f"/api{path}", **options) as answer:
            assert answer.content_type == "application/json"
            assert answer.headers["Cache-Control"] == "no-store"
            body = await answer.json()
            if answer.status == 503:
                assert int(answer.headers["Retry-After"]) > 0
        self.check(method, path, answer.status, body)
        return answer.status, body

    def check(self, method: str, path: str, status: int, body: Any) -> None:
        """Compare with the document; its schemas are taken strictly, so that no field goes unsaid."""
        operation = self.contract.operation(method, path)
        self.statuses.add((operation.name, status))
        described = operation.details["responses"]
        assert str(status) in described, f"{operation.name} answered {status}, which is not in the document"
        (content,) = described[str(status)]["content"].values()
        self.contract.check_to_the_last_field(f"{operation.name} {status} wholly", content["schema"], body)
