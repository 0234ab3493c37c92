"""What the categories of a photo ask for beside its tags: each album once."""

from reactor.core.categories import Category
from reactor.core.ids import AccountId, AssetId
from reactor.core.label_events import AlbumWanted, FavouriteWanted
from reactor.core.wanted import wanted

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
