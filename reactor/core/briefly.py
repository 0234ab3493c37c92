"""An entry of the journal in a few words without ids, as a person reads it beside a picture."""

from reactor.core.ids import AssetId
from reactor.core.journal_lines import JournalLine

_WORDS = {
    "TagAsset": "tag {tags}",
    "UntagAsset": "take off {tags}",
    "ArchiveAssets": "archive {photos}",
    "UnarchiveAssets": "bring {photos} back from the archive",
    "FavouriteAsset": "make {photos} a favourite",
    "UnfavouriteAsset": "take {photos} out of the favourites",
    "AddToAlbum": "put {photos} into the album {album}",
    "RemoveFromAlbum": "take {photos} out of the album {album}",
    "StackAssets": "stack {photos}",
    "RestoreStacks": "take back a stack of {photos}",
    "MoveCover": "give a stack of {photos} another cover",
    "ReturnCover": "give a stack of {photos} its former cover",
    "AddPortrait": "teach Frigate a portrait of {name}",
}


def briefly(line: JournalLine) -> str:
    """Say what an entry does; the ids of its line are left out, since a picture stands beside the words."""
    if line.kind not in _WORDS:
        return line.what
    number = len(line.subjects)
    return _WORDS[line.kind].format(
        tags=line.what.partition(f"{line.subjects[0]}: ")[2],
        photos=f"{number:,} photo{'' if number == 1 else 's'}",
        album=line.what.partition(" the album ")[2],
        name=line.what.removeprefix("give Frigate a face of ").rpartition(": ")[0],
    )


def photo_of(line: JournalLine) -> AssetId | None:
    """Return the photo that stands for an entry: its only or first one, the cover of a stack; None of a deletion."""
    match line.kind:
        case "StackAssets" | "RestoreStacks":
            cover = line.what.partition(" under ")[2][: len(line.subjects[0])]
            return AssetId(cover if cover in line.subjects else line.subjects[0])
        case "MoveCover" | "ReturnCover":
            return AssetId(line.what.removeprefix("put ").partition(" ")[0])
        case "AddPortrait":
            return AssetId(line.what.rpartition(" on ")[2])
        case "RemovePortrait" | "RemoveTag":
            return None
        case _:
            return AssetId(line.subjects[0])
