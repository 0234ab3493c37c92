"""From a prompt to the text tower's input, by Immich's own steps (facts/clip.md section 2)."""

import string

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from reactor.adapters.clip.folder import ModelFolder, NotLoadable
from reactor.core.errors import StartError

NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
ENGLISH = "eng_Latn"


class Tokens:
    """Tokenize prompts for one model; safe to use from any thread."""

    def __init__(self, tokenizer: Tokenizer, *, canonical: bool, prefix: str, with_mask: bool) -> None:
        self._tokenizer = tokenizer
        self._canonical = canonical
        self._prefix = prefix
        self._with_mask = with_mask

    def of(self, prompt: str) -> dict[str, NDArray[np.int32]]:
        """Return the text tower's inputs, int32 [1, context]."""
        text = " ".join(prompt.split())
        if self._canonical:
            text = text.translate(NO_PUNCTUATION).lower()
        encoding = self._tokenizer.encode(self._prefix + text)
        ids = np.array([encoding.ids], dtype=np.int32)
        if not self._with_mask:
            return {"text": ids}
        return {"input_ids": ids, "attention_mask": np.array([encoding.attention_mask], dtype=np.int32)}


def load_tokens(folder: ModelFolder, inputs: frozenset[str]) -> Tokens:
    """Load the tokenizer of a text tower with these inputs; StartError where they do not fit, else NotLoadable."""
    with_mask = inputs == {"input_ids", "attention_mask"}
    if not with_mask and inputs != {"text"}:
        raise StartError(f"the text tower {folder.textual} wants {sorted(inputs)}, which no model of Immich does")
    try:
        tokenizer = Tokenizer.from_file(folder.tokenizer.as_posix())
    except Exception as error:  # tokenizers raises bare Exception for any fault of the file
        raise NotLoadable(f"the model's tokenizer.json is not understood: {error} ({folder.tokenizer})") from error
    pad = tokenizer.token_to_id(folder.pad_token)
    if pad is None:
        raise StartError(f"the model's tokenizer does not know its own padding token {folder.pad_token!r}")
    text = folder.config.text_cfg
    tokenizer.enable_padding(length=text.context_length, pad_token=folder.pad_token, pad_id=pad)
    tokenizer.enable_truncation(max_length=text.context_length)
    return Tokens(
        tokenizer,
        canonical=text.tokenizer_kwargs is not None and text.tokenizer_kwargs.clean == "canonicalize",
        # These models want each text's language first; prompts are taken as English.
        prefix=ENGLISH if folder.name.startswith("nllb") and not with_mask else "",
        with_mask=with_mask,
    )
