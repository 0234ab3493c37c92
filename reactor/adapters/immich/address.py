"""The address and the key that the user typed, made usable or refused in words."""

from pydantic import SecretStr
from yarl import URL

from reactor.core.errors import StartError


def api_root(address: str) -> URL:
    """Return the root of Immich's API for an address with or without ``/api`` and slashes; StartError if it is none."""
    try:
        url = URL(address.strip())
        host = url.host
    except ValueError:
        raise StartError("the address of Immich is not a URL; write it like http://immich:2283") from None
    # Nothing of a bad address is repeated: it may hold a password.
    if url.scheme not in ("http", "https") or not host:
        raise StartError("the address of Immich must begin with http:// or https:// and name a host")
    if url.user is not None or url.password is not None:
        raise StartError("the address of Immich must not hold a user name or password; the API key is all it takes")
    if url.query_string or url.fragment:
        raise StartError("the address of Immich must not hold a ? or #; write it like http://immich:2283")
    path = url.path.rstrip("/")
    return url.with_path(path if path.endswith("/api") else f"{path}/api")


def usable_key(key: SecretStr) -> str:
    """Return the key as a header value; StartError if it is empty or cannot be one."""
    text = key.get_secret_value().strip()
    if not text:
        raise StartError("no API key for Immich is given; make one in Immich's account settings")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise StartError("the API key for Immich holds characters that no key has; copy it again")
    return text


def same_origin(one: URL, other: URL) -> bool:
    """Say whether both go to the same scheme, host and port."""
    return one.origin() == other.origin()
