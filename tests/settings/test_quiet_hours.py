"""When a scan rests."""

from datetime import UTC, datetime, time

import pytest

from reactor.config import ScanSettings, Settings, load_settings
from reactor.core.errors import StartError
from reactor.core.quiet_hours import QuietHours, quiet_hours

pytestmark = pytest.mark.usefixtures("empty_place")


@pytest.mark.parametrize(
    ("hours", "clock", "rests"),
    [
        ("22:00-07:00", "21:59", False),
        ("22:00-07:00", "22:00", True),
        ("22:00-07:00", "23:59", True),
        ("22:00-07:00", "00:00", True),
        ("22:00-07:00", "06:59", True),
        ("22:00-07:00", "07:00", False),
        ("22:00-07:00", "12:00", False),
        ("09:30-17:00", "09:29", False),
        ("09:30-17:00", "09:30", True),
        ("09:30-17:00", "16:59", True),
        ("09:30-17:00", "17:00", False),
        ("00:00-06:00", "00:00", True),
        ("00:00-06:00", "23:59", False),
        ("18:00-00:00", "23:59", True),
        ("18:00-00:00", "00:00", False),
    ],
)
def test_a_scan_rests_within_its_quiet_hours(hours: str, clock: str, *, rests: bool) -> None:
    found = quiet_hours(hours)
    assert found is not None
    assert found.rests(datetime.fromisoformat(f"2026-03-29T{clock}:00+02:00")) is rests


def test_the_last_microsecond_before_the_end_is_quiet() -> None:
    hours = QuietHours(begin=time(22), end=time(7))
    assert hours.rests(datetime(2026, 1, 1, 6, 59, 59, 999_999, tzinfo=UTC))
    assert not hours.rests(datetime(2026, 1, 1, 7, tzinfo=UTC))


@pytest.mark.parametrize("said", ["", "  "])
def test_without_quiet_hours_a_scan_never_rests(said: str) -> None:
    assert ScanSettings(quiet_hours=said).rest() is None


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("22-7", "written like 22:00-07:00"),
        ("24:00-07:00", "written like 22:00-07:00"),
        ("22:00-07:60", "written like 22:00-07:00"),
        ("22:00", "written like 22:00-07:00"),
        ("7:00-9:00", "written like 22:00-07:00"),
        ("22:00-07:00, 12:00-13:00", "written like 22:00-07:00"),
        ("٢٢:٠٠-٠٧:٠٠", "written like 22:00-07:00"),
        ("22:00-22:00", "begin and end at the same time"),
    ],
)
def test_hours_that_cannot_be_read_get_a_sentence(monkeypatch: pytest.MonkeyPatch, said: str, sentence: str) -> None:
    monkeypatch.setenv("REACTOR_SCAN__QUIET_HOURS", said)
    with pytest.raises(StartError, match=f"scan.quiet_hours: quiet hours .*{sentence}"):
        load_settings()


def test_the_budget_of_a_scan_comes_from_file_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().scan == ScanSettings(photos_per_minute=600, quiet_hours="")
    monkeypatch.setenv("REACTOR_SCAN__PHOTOS_PER_MINUTE", "30")
    monkeypatch.setenv("REACTOR_SCAN__QUIET_HOURS", "22:00-07:00")
    scan = load_settings().scan
    assert (scan.photos_per_minute, scan.rest()) == (30, QuietHours(begin=time(22), end=time(7)))
