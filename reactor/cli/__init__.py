"""The command line. Heavy modules are imported by the command that needs them, so that ``--help`` is quick."""

import typer

from reactor.cli import (
    categories,
    history,
    journal,
    measure,
    models,
    orders,
    relabel,
    replay,
    safety,
    scan,
    service,
    setup,
)
from reactor.cli.base import NothingEmpty

app = typer.Typer(
    name="reactor",
    cls=NothingEmpty,
    help="Tags, stacks and faces for the photos of an Immich household, as they arrive; journalled and reversible.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
flat = (service.app, scan.app, relabel.app, replay.app, history.app, orders.app, journal.app)
groups = {
    "categories": categories.categories,
    "deadletters": history.deadletters,
    "plan": journal.plans,
    "vetoes": safety.vetoes,
    "limits": safety.limits,
    "setup": setup.setup,
    "eval": measure.evaluations,
    "bench": measure.benchmarks,
    "model": models.models,
}
for part in flat:
    app.add_typer(part)
for name, group in groups.items():
    app.add_typer(group, name=name)
