"""How the server says no: every error body is `{"message": ...}` (facts/immich-api.md section 2)."""

from typing import Any


class ApiError(Exception):
    """Ends the request with this status and message, plus validation errors where there are any."""

    def __init__(self, status: int, message: str, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message} | ({"errors": errors} if errors else {})


class DropConnectionError(Exception):
    """Raised by a `before_answer` hook: the connection closes and the answer is never sent."""


def invalid(path: str | list[str | int], message: str, **details: object) -> ApiError:
    """Make the 400 of a failed validation, in the shape that zod gives it (cap:202-215)."""
    where = [path] if isinstance(path, str) else path
    return ApiError(400, "Validation failed", [details | {"path": where, "message": message}])


def no_access(permission: str) -> ApiError:
    """Make the 400 for a missing or foreign object; it is never a 404 (cap:221-223, 619, 704)."""
    return ApiError(400, f"Not found or no {permission} access")
