"""Where the MQTT broker is: a block, and short variables that go before it."""

from pathlib import Path
from typing import Any

import pytest

from reactor.config import FixedSettings, load_settings
from reactor.config.mqtt import MqttSettings
from reactor.core.errors import StartError

pytestmark = pytest.mark.usefixtures("empty_place")

WORD = "a-password-that-must-never-be-seen"


def found(**given: Any) -> MqttSettings:
    settings = load_settings(**given).broker()
    assert settings is not None
    return settings


def word(settings: MqttSettings) -> str | None:
    return settings.password.get_secret_value() if settings.password is not None else None


def test_there_is_no_broker_unless_a_host_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().broker() is None
    monkeypatch.setenv("MQTT_PORT", "1884")
    monkeypatch.setenv("MQTT_PASSWORD", WORD)
    assert load_settings().broker() is None
    assert FixedSettings().broker() is None


def test_the_short_variables_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"HOST": "mqtt.local", "PORT": "1884", "USERNAME": "me", "TOPIC_PREFIX": "home/büro"}.items():
        monkeypatch.setenv(f"MQTT_{name}", value)
    monkeypatch.setenv("MQTT_PASSWORD", WORD)
    settings = found()
    assert (settings.host, settings.port_there(), settings.user) == ("mqtt.local", 1884, "me")
    assert (settings.topic_prefix, word(settings), settings.tls) == ("home/büro", WORD, False)
    assert WORD not in repr(load_settings())


@pytest.mark.parametrize(("tls", "port", "there"), [(False, None, 1883), (True, None, 8883), (True, 1883, 1883)])
def test_the_port_follows_tls(tls: bool, port: int | None, there: int) -> None:
    assert found(mqtt={"host": "h", "tls": tls, "port": port}).port_there() == there
    assert found(mqtt={"host": "h"}).topic_prefix == "immich-reactor"


def test_the_environment_goes_before_the_file(empty_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_place / "word").write_text(WORD + "\n")
    (empty_place / "reactor.yaml").write_text(
        "mqtt: {host: file, port: 1, user: file, password_file: /nowhere, topic_prefix: file}\nmqtt_host: short\n"
    )
    monkeypatch.setenv("REACTOR_MQTT__PORT", "2")
    monkeypatch.setenv("MQTT_USERNAME", "environment")
    monkeypatch.setenv("MQTT_PASSWORD_FILE", str(empty_place / "word"))
    settings = found()
    assert (settings.host, settings.port, settings.user, settings.topic_prefix) == ("short", 2, "environment", "file")
    assert word(settings) == WORD
    monkeypatch.delenv("MQTT_PASSWORD_FILE")
    monkeypatch.setenv("MQTT_PASSWORD", "other")
    assert word(found()) == "other"


@pytest.mark.parametrize(
    ("mqtt", "said"),
    [
        ({"topic_prefix": ""}, "must not be empty"),
        ({"topic_prefix": "/a"}, "must not be empty, begin or end with a slash"),
        ({"topic_prefix": "a/"}, "must not be empty, begin or end with a slash"),
        ({"topic_prefix": "$SYS/a"}, "or begin with [$]"),
        ({"topic_prefix": "a/+/b"}, "must hold no [+] or #"),
        ({"topic_prefix": "a/#"}, "must hold no [+] or #"),
        ({"topic_prefix": "a\0b"}, "no control characters"),
        ({"topic_prefix": "a\nb"}, "no control characters"),
        ({"topic_prefix": "a\ud800b"}, "topic_prefix"),
        ({"topic_prefix": "a" * 201}, "at most 200 bytes"),
        ({"topic_prefix": "ü" * 101}, "at most 200 bytes"),
        ({"host": f"mqtt://me:{WORD}@host"}, "must be a bare name or address; port, user"),
        ({"host": "host:1883"}, "the port is a setting of its own"),
        ({"host": "a b"}, "must be a bare name"),
        ({"host": "a\0b"}, "must be a bare name"),
        ({"host": "a" * 254}, "must be a bare name"),
        ({"port": 0}, "mqtt.port"),
        ({"port": 65536}, "mqtt.port"),
        ({"user": "a\0"}, "no user name may have"),
        ({"password": WORD}, "a password needs a user"),
        ({"user": "a", "password": WORD, "password_file": "/f"}, "are both set"),
        ({"user": "a", "password_file": "/nowhere"}, "cannot be read"),
        ({"topic": WORD}, "mqtt.topic: Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_is_said_and_no_secret_with_it(mqtt: dict[str, object], said: str) -> None:
    with pytest.raises(StartError, match=said) as caught:
        load_settings(mqtt={"host": "h"} | mqtt)
    assert "mqtt" in str(caught.value)
    assert WORD not in str(caught.value)


@pytest.mark.parametrize("prefix", ["a" * 200, "ü" * 100, "a//b", "home/reactor 1"])
def test_an_unusual_prefix_is_taken(prefix: str) -> None:
    assert found(mqtt={"host": "::1", "topic_prefix": prefix}).topic_prefix == prefix


def test_one_source_says_the_password_in_one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MQTT_PASSWORD", WORD)
    monkeypatch.setenv("MQTT_PASSWORD_FILE", "/f")
    with pytest.raises(StartError, match="mqtt_password and mqtt_password_file are both set"):
        load_settings()
