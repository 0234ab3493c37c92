"""Show a stack report: a table for people, one line of JSON for programs."""

import dataclasses
import json

from rich.table import Table

from reactor.evaluate.scores import StackReport


def to_json(report: StackReport) -> str:
    """Return the report as one line of JSON; shares and seconds rounded to four and two digits."""
    values = dataclasses.asdict(report)
    values |= {name: round(values[name], 4) for name in ("precision", "recall", "f1")}
    return json.dumps(values | {"seconds": round(report.seconds, 2)})


def to_table(report: StackReport) -> Table:
    """Return the report as a table."""
    table = Table(title=f"Stacks of {report.images} photos", show_header=False)
    wrong = ", ".join(f"{kind} {number}" for kind, number in report.wrong_singles.items()) or "none"
    table.add_row("pairs: precision", f"{report.precision:.3f}")
    table.add_row("pairs: recall", f"{report.recall:.3f}")
    table.add_row("pairs: F1", f"{report.f1:.3f}")
    table.add_row("bursts reproduced exactly", f"{report.exact_bursts} of {report.bursts}")
    table.add_row("photos of no burst in a stack", wrong)
    table.add_row("seconds", f"{report.seconds:.1f}")
    return table
