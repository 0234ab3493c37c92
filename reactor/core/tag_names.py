"""Which names a category may have: what Immich makes a tag of whole, and people can tell apart.

Immich parts a tag at its slashes, drops empty parts, keeps spaces, and tells capitals apart
(facts/immich-api.md section 5).
"""

import unicodedata

TAG_PREFIX = "Auto/"
LONGEST = 100
# Control characters, lone surrogates, ends of lines and paragraphs.
UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})


def name_fault(name: str) -> str | None:
    """Return in words why a category cannot be named so, None where it can; a slash makes a tag below a tag."""
    if not name.strip():
        return "a category needs a name"
    if len(name) > LONGEST:
        return f"a category's name has at most {LONGEST} characters, this one {len(name)}"
    if is_unseen(name):
        return "a category's name holds no control characters and no line ends"
    if name.startswith(TAG_PREFIX):
        return f"{name!r} begins with {TAG_PREFIX}, which is set before every name anyway"
    return next((f"{name!r} has {fault}" for part in name.split("/") if (fault := _part_fault(part))), None)


def is_unseen(text: str) -> bool:
    """Say whether a text holds signs that nobody can see or write; joiners of emoji and hard spaces are none."""
    return any(unicodedata.category(sign) in UNSEEN for sign in text)


def is_keepable(text: str) -> bool:
    """Say whether a database can keep a text: it takes no zero bytes and no lone surrogates."""
    return all(sign != "\0" and unicodedata.category(sign) != "Cs" for sign in text)


def _part_fault(part: str) -> str | None:
    if not part:
        return "nothing before, between or behind a slash; Immich would drop that part of the tag"
    if part != part.strip():
        return "a space at the beginning or the end of a part, which nobody sees in Immich"
    return None


def differ_in_case_only(one: str, other: str) -> bool:
    """Say whether two different names, or tags above them, are the same but for capitals: Immich makes two of them."""
    for here, there in zip(one.split("/"), other.split("/"), strict=False):
        if _spoken(here) != _spoken(there):
            return False
        if here != there:
            return True
    return False


def _spoken(part: str) -> str:
    """Return a part as people tell it from others, however its accents are written down."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", part).casefold())
