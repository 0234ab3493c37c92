"""Show a label report: tables for people, one line of JSON for programs."""

import dataclasses
import json
from typing import Any

from rich.table import Table
from rich.text import Text

from reactor.evaluate.label_scores import LabelReport


def to_json(report: LabelReport) -> str:
    """Return the report as one line of JSON; cosines and shares rounded to four digits."""
    return json.dumps(_rounded(dataclasses.asdict(report)))


def to_tables(report: LabelReport) -> tuple[Table, Table]:
    """Return a table of the categories and one of the whole."""
    found = Table(title=f"Labels of {report.photos} photos")
    for heading in ("category", "photos", "found", "precision", "recall", "F1", "threshold"):
        found.add_column(heading, justify="left" if heading == "category" else "right")
    for one in report.categories:
        shares = (f"{share:.3f}" for share in (one.precision, one.recall, one.f1, one.threshold))
        found.add_row(_plain(one.name), str(one.labelled), str(one.matched), *shares)
    whole = Table(show_header=False)
    whole.add_row("what any caption has (lo)", f"{report.lo:.3f}")
    whole.add_row("what the best caption has (hi)", f"{report.hi:.3f}")
    whole.add_row(f"threshold of strictness {report.strictness}", f"{report.threshold:.3f}")
    whole.add_row("macro F1", f"{report.macro_f1:.3f}")
    whole.add_row("best single cosine", f"{report.best_threshold:.3f}")
    whole.add_row("its macro F1", f"{report.best_macro_f1:.3f}")
    whole.add_row("loss against it", f"{report.loss:.3f}")
    return found, whole


def _plain(name: str) -> Text:
    """Return a name as it is: no markup, and no character that moves the cursor or colours the terminal."""
    return Text("".join(letter if letter.isprintable() else "\ufffd" for letter in name))


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return round(value, 4)
        case dict():
            return {key: _rounded(one) for key, one in value.items()}
        case list() | tuple():
            return [_rounded(one) for one in value]
        case _:
            return value
