"""What the categories of a photo ask for beside its tags: each album once; and who still asks for what was planned."""

import pytest

from reactor.core.categories import Category
from reactor.core.ids import AccountId, AssetId
from reactor.core.label_events import AlbumWanted, FavouriteWanted
from reactor.core.wanted import still_asking, wanted

ME = AccountId("me")
A = AssetId("a")


def test_the_categories_of_an_album_ask_for_it_together() -> None:
    def category(name: str, album: str | None, **more: object) -> Category:
        return Category(name=name, prompts=("x",), similarity=0.0, album=album, **more)  # type: ignore[arg-type] # fields of it

    matched = [
        category("Post", "Bills"),
        category("Paper", "Bills", favourite=True),
        category("Pets", "Animals"),
        category("Plain", None),
        category("Off", "Bills", enabled=False),
    ]
    favourite, animals, bills = wanted(ME, A, matched, model="m", checksum="c")
    assert isinstance(favourite, FavouriteWanted)
    assert isinstance(animals, AlbumWanted)
    assert isinstance(bills, AlbumWanted)
    assert (animals.album, animals.categories) == ("Animals", ("Pets",))
    assert (bills.album, bills.categories) == ("Bills", ("Paper", "Post"))
    assert bills.version != animals.version


@pytest.mark.parametrize(
    ("named", "still", "asking"),
    [
        pytest.param("AB", ["AB"], "ABC", id="both still ask"),
        pytest.param("AB", ["A"], "AC", id="one of two asks"),
        pytest.param("AB", [""], "C", id="none asks"),
        pytest.param("B", ["B"], "ABC", id="what is not named is not in question"),
        pytest.param("AX", ["AX"], "ABC", id="what is switched off asks for nothing"),
        pytest.param("AB", ["A", "A"], "AC", id="one asks for both photos of a stack"),
        pytest.param("AB", ["A", "B"], "ABC", id="each photo is asked for by another"),
        pytest.param("AB", ["AB", ""], "C", id="one photo of the stack is not asked for"),
    ],
)
def test_who_still_asks_for_a_plan(named: str, still: list[str], asking: str) -> None:
    enabled = [Category(name=name, prompts=("x",), similarity=0.0) for name in "ABC"]
    found = still_asking(enabled, tags(named), [tags(some) for some in still])
    assert "".join(one.name for one in found) == asking


def tags(names: str) -> frozenset[str]:
    return frozenset(f"Auto/{name}" for name in names)
