"""Show a stack report: a table for people, one line of JSON for programs."""

import dataclasses
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from reactor.evaluate.stacks import StackReport, evaluate_stacks
from reactor.ports import Embedder


async def main(folder: Path, as_json: bool, embedder: Embedder, *, random_pair_cosine: float | None = None) -> int:
    """Evaluate the folder and print the report; return the exit status. Raises StartError for a bad folder."""
    report = await evaluate_stacks(folder, embedder, random_pair_cosine=random_pair_cosine)
    if as_json:
        print(to_json(report))
    else:
        Console().print(to_table(report))
    return 0


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
