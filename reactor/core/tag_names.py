"""Which names a category can have: its tag must come back from Immich as it was sent."""

LONGEST_NAME = 100


def name_fault(name: str) -> str | None:
    """Return what is wrong with a category's name, in a sentence; None where Immich can keep it."""
    if not name or len(name) > LONGEST_NAME:
        return f"a category's name has 1 to {LONGEST_NAME} characters"
    if "/" in name or not name.isprintable():
        return "a category's name has no slash and no control characters"
    return None
