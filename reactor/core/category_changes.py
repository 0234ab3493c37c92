"""What a change of the categories means for labels that are there already: the table of docs/labels.md."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from reactor.core.calibration import Calibration
from reactor.core.categories import Catalogue, Category, Managed
from reactor.core.relabelling import Rules


@dataclass(frozen=True, kw_only=True)
class Applied:
    """The rules whose consequences were drawn last: the bridge between the settings' file and the API.

    ``calibration`` is None while the model was not measured.
    """

    categories: tuple[Category, ...]
    model: str
    calibration: Calibration | None = None
    managed: Managed = "reactor"


@dataclass(frozen=True, kw_only=True)
class Consequences:
    """What follows of a change: tags of ours that may not be asked for any more, and whether stored photos catch up.

    Photos catch up once a model is measured: until then nothing was tagged by a strictness. A category that is new
    has waited for nothing, though it be the first that asks for a measurement.
    """

    doubted: frozenset[str] = frozenset()
    catch_up: bool = False

    @property
    def nothing(self) -> bool:
        return not self.doubted and not self.catch_up


def applied(rules: Rules, model: str) -> Applied:
    """Return what stands once the consequences of these rules are drawn."""
    catalogue = rules.catalogue
    return Applied(
        categories=catalogue.categories, model=model, calibration=rules.calibration, managed=catalogue.managed
    )


def consequences(before: Applied | None, now: Applied) -> Consequences:
    """Return what a change means; without anything before it, it is the first, and what is there stays."""
    if before is None:
        return Consequences()
    # Two of one name are for different accounts: the tag is doubted where any of them changed.
    olds, news = _by_name(before.categories), _by_name(now.categories)
    doubted = {
        old.tag for name, group in olds.items() for old in group if _doubted(group, news.get(name, ()), before, now)
    }
    waited = _strict(before) & _strict(now)
    return Consequences(
        doubted=frozenset(doubted),
        catch_up=bool(waited) and now.calibration is not None and _was_unmeasured(before, now),
    )


def adopted(catalogue: Catalogue, before: Applied | None) -> tuple[Category, ...]:
    """Return the categories of a file that is gone, to be kept in the database from now on; () where there are none.

    A lost file, or a reactor that was started without it, takes no labels with it: also where the database keeps
    others, made before the file came or since it went. Of one name the database's own goes on.
    """
    if before is None or before.managed != "file" or catalogue.managed != "reactor":
        return ()
    return beside(catalogue.categories, before.categories)


def beside(kept: Collection[Category], lost: Sequence[Category]) -> tuple[Category, ...]:
    """Return those of the ``lost`` whose name none of the ``kept`` has."""
    names = {one.name for one in kept}
    return tuple(one for one in lost if one.name not in names)


def _by_name(categories: tuple[Category, ...]) -> Mapping[str, tuple[Category, ...]]:
    found: dict[str, tuple[Category, ...]] = {}
    for category in categories:
        found[category.name] = (*found.get(category.name, ()), category)
    return found


def _strict(rules: Applied) -> frozenset[str]:
    """Return the names of those that cannot be decided before the model is measured."""
    return frozenset(one.name for one in rules.categories if one.enabled and one.similarity is None)


def _was_unmeasured(before: Applied, now: Applied) -> bool:
    return before.calibration is None or before.model != now.model


def _doubted(olds: tuple[Category, ...], news: tuple[Category, ...], before: Applied, now: Applied) -> bool:
    """Say whether a photo may carry the tag of these though no category asks for it now."""
    if len(olds) != len(news):
        return True
    return any(_stricter(old, new, before, now) for old, new in zip(olds, news, strict=True))


def _stricter(old: Category, new: Category, before: Applied, now: Applied) -> bool:
    if not new.enabled:
        return False  # switched off nothing is decided, and what is there stays
    if (old.prompts, old.negative_prompts, old.gates, old.accounts) != (
        new.prompts,
        new.negative_prompts,
        new.gates,
        new.accounts,
    ):
        return True
    if not old.enabled or before.model != now.model:
        return True  # what changed meanwhile is not known; looking again costs little
    was, threshold = old.threshold(before.calibration), new.threshold(now.calibration)
    return was is not None and threshold is not None and threshold > was
