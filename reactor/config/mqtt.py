"""Where the household's MQTT broker is, and the topic below which it is told things."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, field_validator, model_validator

from reactor.config.parts import Part
from reactor.config.secret_files import with_secret

PORT, TLS_PORT = 1883, 8883
LONGEST_PREFIX = 200
LONGEST_HOST = 253
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What no topic may hold (MQTT 3.1.1, 1.5.3), or what a broker may hang up for."""


class MqttSettings(Part):
    """The broker, off without a host; the password may lie in a file."""

    host: str = ""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    user: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    topic_prefix: str = "immich-reactor"
    tls: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, said: Any) -> Any:
        return with_secret(said, "password", "password_file") if isinstance(said, dict) else said

    @field_validator("host")
    @classmethod
    def _bare(cls, said: str) -> str:
        # Who writes a whole address here may have written a password into it: it is not repeated.
        if re.search(r"[\s/@?#\[\]]", said) or CONTROL.search(said) or len(said) > LONGEST_HOST:
            raise ValueError("must be a bare name or address; port, user, password and tls are settings of their own")
        if ":" in said and not _is_v6(said):
            raise ValueError("must be a bare name or address; the port is a setting of its own")
        return said

    @field_validator("user")
    @classmethod
    def _speakable(cls, said: str | None) -> str | None:
        if said is not None and CONTROL.search(said):
            raise ValueError("holds characters that no user name may have")
        return said

    @field_validator("topic_prefix")
    @classmethod
    def _a_topic(cls, said: str) -> str:
        if not said or said.startswith(("/", "$")) or said.endswith("/"):
            raise ValueError("must not be empty, begin or end with a slash, or begin with $")
        if set(said) & set("+#") or CONTROL.search(said):
            raise ValueError("must hold no + or #, and no control characters")
        if len(said.encode()) > LONGEST_PREFIX:
            raise ValueError(f"must be at most {LONGEST_PREFIX} bytes long")
        return said

    @model_validator(mode="after")
    def _whose(self) -> "MqttSettings":
        if self.host and self.password is not None and self.user is None:
            raise ValueError("a password needs a user; set mqtt.user too")
        return self

    def port_there(self) -> int:
        """Return the broker's port."""
        return self.port or (TLS_PORT if self.tls else PORT)


def _is_v6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
