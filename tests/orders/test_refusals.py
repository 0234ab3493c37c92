"""What a command refuses before it looks at anything, and that each of its options is documented."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reactor.cli import app

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTED = (ROOT / "README.md").read_text("utf-8") + (ROOT / "docs" / "safety.md").read_text("utf-8")
WIDE = {"COLUMNS": "300", "NO_COLOR": "1"}
EVERYWHERE = {"--help", "--config", "--json"}


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("plan apply", "name the entries, or say --all"),
        ("plan decline 3 --all", "name the entries, or say --all"),
        ("plan --feature albums", "is not one of"),
        ("vetoes revoke", "name the vetoes"),
        ("vetoes mine", "name the vetoes, or say --all"),
        ("vetoes putback 1 --all", "name the vetoes, or say --all"),
        ("limits confirm", "name the limits, or say --all"),
        ("journal --kind Tag", "there is no kind Tag"),
        ("journal --state gone", "is not one of"),
        ("journal --since yesterday", "is no time"),
        ("undo --pause --resume", "do not go together"),
        ("undo undo:1", "a run goes with --status"),
        ("undo --entry 0", "Invalid value for '--entry'"),
        ("scan --pause --budget 5", "--budget and --pause do not go together"),
        ("replay --cancel --budget 5", "--budget and --cancel do not go together"),
        ("scan --budget 0", "Invalid value for '--budget'"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(said: str, sentence: str) -> None:
    done = CliRunner().invoke(app, said.split(), env=WIDE)
    assert done.exit_code == 2
    assert sentence in done.output


@pytest.mark.parametrize(
    "name",
    ["undo", "journal", "plan", "plan apply", "plan decline", "vetoes", "vetoes putback", "limits", "scan", "replay"],
)
def test_every_option_is_documented(name: str) -> None:
    shown = CliRunner().invoke(app, [*name.split(), "--help"], env=WIDE)
    options = set(re.findall(r"--[a-z][a-z-]+", shown.output))
    assert "--help" in options
    assert [option for option in sorted(options - EVERYWHERE) if option not in DOCUMENTED] == []
