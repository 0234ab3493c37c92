"""What the environment, .env and the file say, brought to one form, so that the stronger one wins place by place."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from reactor.config.parts import spelling
from reactor.config.secret_files import read_secret
from reactor.core.errors import StartError

Said: TypeAlias = dict[str, Any]
DEFAULT_ACCOUNT = "default"

# Two ways to say one thing. Who says one of them takes back what a weaker source says in either way.
WHOLE: tuple[tuple[str, str], ...] = (
    ("immich_api_key", "immich_api_key_file"),
    ("webhook_secret", "webhook_secret_file"),
    ("database_url", "database_url_file"),
    ("mqtt_password", "mqtt_password_file"),
)
OF_AN_ACCOUNT = (("api_key", "api_key_file"), ("webhook_secrets", "webhook_secret_files"))
OF_FRIGATE = OF_MQTT = (("password", "password_file"),)
MQTT = {
    "mqtt_host": "host",
    "mqtt_port": "port",
    "mqtt_username": "user",
    "mqtt_password": "password",
    "mqtt_password_file": "password_file",
    "mqtt_topic_prefix": "topic_prefix",
}


STACKS = ("high_clip", "low_clip", "phash_strict", "phash_loose")
"""The Auto Stacker's own names, which are those of the parts too."""


def layered(sources: Sequence[Said], fields: Mapping[str, FieldInfo]) -> list[Said]:
    """Return what each source says, strongest first, with every short setting also where it belongs.

    Raises StartError where one source says a thing in two ways, or names a file of keys that cannot be read.
    """
    beaten: set[str] = set()
    layers = []
    for source in sources:
        said = {name: value for name, value in _by_field(source, fields).items() if name not in beaten}
        for pair in WHOLE:
            both = [name for name in pair if said.get(name) is not None]
            if len(both) > 1:
                raise StartError(f"{pair[0]} and {pair[1]} are both set; give one of them")
            beaten.update(pair if both else ())
        layers.append(_written_out(said))
    names = _names(layers)
    return [_exclusive(_renamed(said, names)) for said in layers]


def keys_of(text: str) -> tuple[str, ...]:
    """Return the keys of a text that holds several, parted by commas or lines."""
    return tuple(key for part in re.split(r"[,\r\n]", text) if (key := part.strip()))


def _by_field(said: Said, fields: Mapping[str, FieldInfo]) -> Said:
    """Return the settings under the names of their fields; a source may use those of the environment."""
    named = dict(said)
    for name, field in fields.items():
        alias = field.validation_alias
        for other in alias.choices if isinstance(alias, AliasChoices) else ():
            if isinstance(other, str) and other in named:
                value = named.pop(other)
                named[name] = value if named.get(name) is None else named[name]
    return named


def _written_out(said: Said) -> Said:
    """Write the short settings of one source where they belong; they go before what stands there."""
    whole = dict(said)
    for number, key in enumerate(_keys(said), 1):
        account = DEFAULT_ACCOUNT if number == 1 else f"{DEFAULT_ACCOUNT}-{number}"
        whole = _placed(whole, ("accounts", account), {"api_key": key, "api_key_file": None})
    if (secret := said.get("webhook_secret")) is not None:
        both = {"webhook_secrets": (secret,), "webhook_secret_files": None}
        whole = _placed(whole, ("accounts", DEFAULT_ACCOUNT), both)
    if (file := said.get("webhook_secret_file")) is not None:
        both = {"webhook_secrets": None, "webhook_secret_files": (file,)}
        whole = _placed(whole, ("accounts", DEFAULT_ACCOUNT), both)
    if (url := said.get("frigate_url")) is not None:
        whole = _placed(whole, ("frigate",), {"url": url})
    if mqtt := {name: value for short, name in MQTT.items() if (value := said.get(short)) is not None}:
        whole = _placed(whole, ("mqtt",), _taken_back(mqtt, OF_MQTT))
    if stacks := {name: value for name in STACKS if (value := said.get(name)) is not None}:
        whole = _placed(whole, ("stacks",), stacks)
    if isinstance(file := said.get("database_url_file"), str | Path):
        whole |= {"database_url": SecretStr(read_secret(Path(file), "database_url_file"))}
    return whole


def _keys(said: Said) -> Iterable[object]:
    """Return the keys of the short setting, in the order that gives the accounts their names."""
    if isinstance(file := said.get("immich_api_key_file"), str | Path):
        return keys_of(read_secret(Path(file), "immich_api_key_file"))
    key = said.get("immich_api_key")
    text = key.get_secret_value() if isinstance(key, SecretStr) else key
    if isinstance(text, str):
        return keys_of(text)
    return () if text is None else (text,)  # no text: wrong, and said so when it is read


def _placed(said: Said, path: tuple[str, ...], values: Said) -> Said:
    """Return the settings with the values at a place, untouched where that place is something else."""
    if not path:
        return said | values
    inner = said.get(path[0])
    if not isinstance(inner, dict | None):
        return said
    return said | {path[0]: _placed(inner or {}, path[1:], values)}


def _names(layers: Sequence[Said]) -> dict[str, str]:
    """Return for each spelling the account's name: the file knows it best, the environment writes all in capitals."""
    names: dict[str, str] = {}
    for said in reversed(layers):
        accounts = said.get("accounts")
        for name in accounts if isinstance(accounts, dict) else ():
            known = names.setdefault(spelling(str(name)), str(name))
            if said is layers[-1] and known != str(name):
                raise StartError(
                    f"the accounts {known} and {name} are too alike: capitals, dots and dashes tell none apart"
                )
    return names


def _renamed(said: Said, names: Mapping[str, str]) -> Said:
    accounts = said.get("accounts")
    if not isinstance(accounts, dict):
        return said
    whole: Said = {}
    for written, account in accounts.items():
        name = names[spelling(str(written))]
        there = whole.get(name)
        whole[name] = there | account if isinstance(there, dict) and isinstance(account, dict) else account
    return said | {"accounts": whole}


def _exclusive(said: Said) -> Said:
    """Let each secret of a block that is said in one way take back the other way of a weaker source."""
    whole = dict(said)
    if isinstance(accounts := said.get("accounts"), dict):
        whole["accounts"] = {name: _taken_back(account, OF_AN_ACCOUNT) for name, account in accounts.items()}
    if "frigate" in said:
        whole["frigate"] = _taken_back(said["frigate"], OF_FRIGATE)
    if "mqtt" in said:
        whole["mqtt"] = _taken_back(said["mqtt"], OF_MQTT)
    return whole


def _taken_back(block: Any, pairs: Iterable[tuple[str, str]]) -> Any:
    if not isinstance(block, dict):
        return block
    whole = dict(block)
    for pair in pairs:
        if any(whole.get(name) is not None for name in pair):
            whole |= {name: None for name in pair if whole.get(name) is None}
    return whole
