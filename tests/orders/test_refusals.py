"""What a command refuses before it looks at anything, and that each option is documented where its command is."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from reactor.cli import app

ROOT = Path(__file__).resolve().parents[2]
WIDE = {"COLUMNS": "300", "NO_COLOR": "1"}
EVERYWHERE = {"--help", "--config"}
README = (ROOT / "README.md").read_text("utf-8")
IN_JSON = next(line for line in README.splitlines() if "answer in JSON with `--json`" in line)
STEERING = {"--status", "--pause", "--resume", "--cancel"}
SECTIONS = {
    "demo": "### The demo",
    "scan": "## Scan",
    "undo": "## Undo",
    "journal": "## The journal",
    "vetoes": "## Vetoes",
    "limits": "## Limits",
}


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("plan apply", "name the entries, or say --all"),
        ("plan decline 3 --all", "name the entries, or say --all"),
        ("plan --feature films", "is not one of"),
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
        ("scan 2026-06-01", "a run goes with --status"),
        ("events --kind AssetDeleted", "there is no kind AssetDeleted"),
        ("plan --account anna apply --pause", "name nothing but its --run"),
        ("plan apply 7 --pause", "name nothing but its --run"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(said: str, sentence: str) -> None:
    done = CliRunner().invoke(app, said.split(), env=WIDE)
    assert done.exit_code == 2
    assert sentence in done.output


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (["undo", "--run", ""], "--run"),
        (["undo", "--entry", "3", "--category="], "--category"),
        (["undo", "--since", " "], "--since"),
        (["plan", "--account", "", "apply", "--all"], "--account"),
        (["plan", "--run=", "decline", "--all"], "--run"),
        (["scan", "--account", "anna", "--account", ""], "--account"),
        (["scan", "--album", "\t"], "--album"),
        (["replay", "--asset", "", "--all"], "--asset"),
        (["vetoes", "--account=  ", "mine", "--all"], "--account"),
        (["limits", "--config", "", "confirm", "--all"], "--config"),
        (["deadletters", "--handler", "", "drop", "--all"], "--handler"),
        (["setup", "webhook", "--account", ""], "--account"),
        (["model", "pull", ""], "an argument"),
    ],
)
def test_what_is_empty_is_refused_and_widens_nothing(said: list[str], named: str) -> None:
    done = CliRunner().invoke(app, said, env=WIDE)
    assert (done.exit_code, f"{named} is empty; leave it out, or say what is meant" in done.output) == (2, True)


def options_of(group: TyperGroup, before: str = "") -> Iterator[tuple[str, set[str]]]:
    """Yield each command, and each group that has some, with its options."""
    for name, command in group.commands.items():
        yield before + name, {word for param in command.params for word in param.opts if word.startswith("--")}
        if isinstance(command, TyperGroup):
            yield from options_of(command, f"{before}{name} ")


def sections() -> Mapping[str, str]:
    """Return what stands under each heading of README and docs."""
    text = "\n".join([README, *((ROOT / "docs" / f"{name}.md").read_text("utf-8") for name in ("safety", "events"))])
    found = re.split(r"^(##+ .*)$", text, flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def words_about(name: str) -> str:
    """Return what the documentation says of a command: its row, its section, and whether it answers in JSON."""
    its_row = re.compile(rf"\| `reactor {name}(`| [A-Z\[-])")
    row = next(line for line in README.splitlines() if its_row.match(line))
    words = [row, *(sections()[heading] for known, heading in SECTIONS.items() if known == name)]
    words += [IN_JSON] * (f"`{name}`" in IN_JSON)
    words += [words_about("categories add")] if "as for `add`" in row else []
    return "\n".join([*words, *(STEERING if "steered like a scan" in row else ())])


def test_every_option_is_documented_where_its_command_is() -> None:
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    found = dict(options_of(root))
    assert {"plan", "plan apply", "setup webhook"} <= set(found)
    missing = {
        (name, option)
        for name, options in found.items()
        for option in options - EVERYWHERE
        if not re.search(rf"{option}(?![a-z-])", words_about(name))
    }
    assert missing == set()
