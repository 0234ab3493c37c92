"""Names of Immich people as Frigate takes them everywhere."""

import unicodedata

MAX_LENGTH = 50
# train/ holds live attempts; unknown and none are words of Frigate's own answers (facts/frigate-api.md section 0).
RESERVED = frozenset({"train", "unknown", "none"})
APOSTROPHES = "’‘ʼ`´"


def frigate_name(name: str) -> str | None:
    r"""Map a name to one that Frigate can store, rename and delete; None when nothing of it is left.

    The measured rule (facts/frigate-api.md section 4) is ``^[\p{L}\p{N}\s'_-]{1,50}$`` in NFC, trimmed. Typographic
    apostrophes and dashes become plain ones, marks without a composed letter go, anything else becomes a space:
    ``Dr. Who`` is ``Dr Who``. Two people may get the same name; telling them apart is the caller's.
    """
    letters = "".join(_legal(letter) for letter in unicodedata.normalize("NFC", name))
    # Without the marks between them letters may compose anew (Hangul), so the form is made once more.
    plain = unicodedata.normalize("NFC", " ".join(letters.split()))[:MAX_LENGTH].strip()
    if plain.casefold() in RESERVED or not any(_is_letter_or_number(letter) for letter in plain):
        return None
    return plain


def _legal(letter: str) -> str:
    kind = unicodedata.category(letter)
    if _is_letter_or_number(letter) or letter in "'_-":
        return letter
    if letter in APOSTROPHES:
        return "'"
    if kind == "Pd":
        return "-"
    # Marks and format characters (emoji joiners) belong to the letter before them: a space would split a word.
    return "" if kind[0] == "M" or kind == "Cf" else " "


def _is_letter_or_number(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LN"
