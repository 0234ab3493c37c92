"""How categories, previews and measurements are told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import typer
from pydantic import TypeAdapter

from reactor.cli.category_options import spelled
from reactor.cli.words import clock
from reactor.core.calibration import Calibration, share_of_way
from reactor.core.calibration_preview import CalibrationPreview
from reactor.core.categories import USUAL, Catalogue, Category
from reactor.core.gates import Gates
from reactor.core.label_examples import Learned, OnExamples
from reactor.core.label_preview import Bin, LabelPreview, Seen
from reactor.core.status import many

PREVIEWS = TypeAdapter(tuple[LabelPreview, ...])
CALIBRATION_PREVIEW = TypeAdapter(CalibrationPreview)
CALIBRATION = TypeAdapter(Calibration)
WIDTH = 40
LISTED = 8
AGAIN = "it is worth measuring again: `reactor calibrate --dry-run` shows what that would change"


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All categories, what the model was measured at, and how many photos it could be measured on now."""

    catalogue: Catalogue
    calibration: Calibration | None
    stored: int

    @property
    def is_improvable(self) -> bool:
        return self.calibration is not None and self.calibration.is_improvable(self.stored)


def listing_json(listing: Listing) -> dict[str, Any]:
    """Return a listing as JSON has it: each category with its ``threshold`` (cosine) and its ``share`` of the way."""
    measured = listing.calibration
    return {
        "managed": listing.catalogue.managed,
        "enabled": listing.catalogue.enabled,
        "calibration": None if measured is None else CALIBRATION.dump_python(measured, mode="json"),
        "stored": listing.stored,
        "measure_again": listing.is_improvable,
        "categories": [
            spelled(one) | {"threshold": one.threshold(measured), "share": _share(one, measured)}
            for one in listing.catalogue.categories
        ],
    }


def say_listing(listing: Listing) -> None:
    """Print the categories."""
    catalogue, measured = listing.catalogue, listing.calibration
    where = "in the settings' file" if catalogue.managed == "file" else "here"
    typer.echo(f"labelling is {'on' if catalogue.enabled else 'off'}; the categories are kept {where}")
    if measured is None:
        typer.echo("the model is not measured yet: nothing is tagged by a strictness before it is")
    else:
        typer.echo(f"the model was measured: {in_numbers(measured)}")
    if listing.is_improvable:
        typer.echo(f"    of {listing.stored} stored photos; {AGAIN}")
    for one in catalogue.categories:
        off = "" if one.enabled else "  (disabled)"
        typer.echo(f"{one.name}{off}\n    {threshold_words(one, measured)}; {_does(one)}")
        typer.echo("    shows " + " | ".join(one.prompts))
        if one.negative_prompts:
            typer.echo("    not " + " | ".join(one.negative_prompts))
        if gates := ", ".join(gate_words(one.gates)):
            typer.echo(f"    only {gates}")
    if not catalogue.categories:
        typer.echo("there are no categories; `reactor categories add` makes one")


def in_numbers(measured: Calibration) -> str:
    """Return a measurement in a line."""
    when = f", {clock(measured.made_at)}" if measured.made_at else ""
    photos = many(measured.photos, "photo")
    return f"lo {measured.lo:.4f}, hi {measured.hi:.4f}, on {photos} (measurement {measured.version}{when})"


def threshold_words(category: Category, measured: Calibration | None) -> str:
    """Return from which score on a photo fits, in words and as a cosine."""
    if category.similarity is not None:
        share = _share(category, measured)
        means = "" if share is None else f" (a strictness of {share:.2f} on this model)"
        return f"similarity {category.similarity:g}{means}"
    cosine = category.threshold(measured)
    means = "waits until the model is measured" if cosine is None else f"a cosine of {cosine:.4f}"
    return f"strictness {category.strictness or USUAL} ({means})"


def gate_words(gates: Gates) -> Iterable[str]:
    """Return what a photo must be, condition by condition."""
    for what, patterns in (("named", gates.filename), ("in the folder", gates.folder), ("in the album", gates.album)):
        if patterns:
            yield f"{what} {' or '.join(patterns)}"
    if gates.camera is not None:
        yield "by a camera" if gates.camera else "without a camera"
    if gates.media is not None:
        yield f"a {gates.media}"
    for what, ratio in (("at least", gates.aspect_min), ("at most", gates.aspect_max)):
        if ratio is not None:
            yield f"{what} {ratio:g} as wide as high"
    if gates.with_faces:
        yield f"with faces ({gates.with_faces})"
    if gates.without_faces:
        yield f"without faces ({gates.without_faces})"


def say_preview(found: LabelPreview) -> None:
    """Print what a category would match."""
    cosine = "the model is not measured yet" if found.threshold is None else f"from a cosine of {found.threshold:.4f}"
    typer.echo(f"{found.category}, {many(found.photos, 'stored photo')} of {found.account}, {cosine}:")
    besides = ((found.waits, "wait for a gate"), (found.shut, "held by a gate"), (found.vetoed, "not, by a prompt"))
    counts = [f"{found.fits} fit", *(f"{number} {words}" for number, words in besides if number)]
    typer.echo(f"    {', '.join(counts)}; {found.gains} would gain the tag, {found.loses} would lose it")
    for count in found.counts:
        mark = "  <-" if count.cosine == found.threshold else ""
        typer.echo(f"    {count.strictness:>8}  {count.cosine:.4f}  {count.photos:>8}{mark}")
    say_histogram(found.histogram, found.threshold)
    for title, photos in (("best", found.top), ("at the threshold", found.borderline)):
        _say_photos(title, photos)
    if found.learned is not None:
        _say_learned(found.learned)


def say_histogram(bins: Sequence[Bin], threshold: float | None) -> None:
    """Print how many photos score what, a line a bin; the threshold stands where it lies."""
    most = max((one.photos for one in bins), default=0)
    for one in bins:
        mark = " <-" if threshold is not None and one.low <= threshold < one.high else ""
        # A few photos are seen beside many: they may be the ones that fit.
        bar = "#" * max(round(WIDTH * one.photos / most), int(one.photos > 0))
        typer.echo(f"    {one.low:>7.4f}  {one.photos:>8}  {bar}{mark}")


def _say_photos(title: str, photos: Sequence[Seen]) -> None:
    if photos:
        typer.echo(f"  {title}:")
    for one in photos[:LISTED]:
        words = ["fits"] * one.fits + ["tagged by us"] * one.tagged
        typer.echo(f"    {one.score:.4f}  {one.asset}  {', '.join(words)}".rstrip())


def _say_learned(learned: Learned) -> None:
    typer.echo(f"  you said yes to {many(learned.wanted, 'photo')}, no to {learned.unwanted}")
    if learned.note:
        typer.echo(f"    {learned.note}")
    for title, one in (("this threshold", learned.now), ("a better one", learned.better)):
        if one is not None:
            typer.echo(f"    {title}: {_on_examples(one)}")


def _on_examples(one: OnExamples) -> str:
    strictness = "" if one.strictness is None else f" (strictness {one.strictness:.3f})"
    precision = "-" if one.precision is None else f"{one.precision:.0%}"
    recall = "-" if one.recall is None else f"{one.recall:.0%}"
    return f"{one.threshold:.4f}{strictness}, precision {precision}, recall {recall}"


def say_calibration(found: CalibrationPreview, *, dry: bool) -> None:
    """Print what a measurement found, and which categories it moves."""
    typer.echo(f"before  {in_numbers(found.before) if found.before else 'never measured'}")
    typer.echo(f"now     {in_numbers(found.after)}")
    for moved in found.moved:
        before = "-" if moved.before is None else str(moved.before)
        typer.echo(f"    {moved.account}  {moved.category}: {before} -> {moved.after} photos reach the threshold")
    typer.echo("nothing was kept" if dry else "it holds from now on")


def _share(category: Category, measured: Calibration | None) -> float | None:
    if category.similarity is None:
        return share_of_way(category.strictness or USUAL)
    return None if measured is None else measured.share(category.similarity)


def _does(category: Category) -> str:
    does = ["tags and archives" if category.archives else "tags"]
    does += ["makes favourites"] * category.favourite
    does += [f"puts into the album {category.album}"] * (category.album is not None)
    of = f" (only of {', '.join(sorted(category.accounts))})" if category.accounts else ""
    return ", ".join(does) + of
