"""Show a stack report: a table for people, one line of JSON for programs."""

import dataclasses
import json

from rich.table import Table

from reactor.evaluate.scores import RuleScore, StackReport

OURS = "Immich Reactor"
SHARES = ("precision", "recall", "f1")


def to_json(report: StackReport) -> str:
    """Return the report as one line of JSON; shares and seconds rounded to four and two digits.

    The reactor's own figures stand at the top, those of other rules by name under ``rules``.
    """
    values = {"images": report.images, **_values(report.score), "bursts": report.bursts}
    others = {name: _values(score) for name, score in report.others.items()}
    return json.dumps(values | {"seconds": round(report.seconds, 2), "rules": others})


def to_table(report: StackReport) -> Table:
    """Return the report as a table with a line for each rule."""
    table = Table(title=f"Stacks of {report.images} photos with {report.bursts} bursts")
    for heading in ("rule", "precision", "recall", "F1", "exact", "photos of no burst in a stack"):
        table.add_column(heading, justify="left" if heading == "rule" else "right")
    for name, score in {OURS: report.score, **report.others}.items():
        wrong = ", ".join(f"{kind} {number}" for kind, number in score.wrong_singles.items()) or "none"
        shares = (f"{getattr(score, share):.3f}" for share in SHARES)
        table.add_row(name, *shares, f"{score.exact_bursts} of {report.bursts}", wrong)
    table.caption = f"{report.seconds:.1f} seconds, embedding included"
    return table


def _values(score: RuleScore) -> dict[str, object]:
    return dataclasses.asdict(score) | {name: round(getattr(score, name), 4) for name in SHARES}
