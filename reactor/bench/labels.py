"""Categories that fit a model and pictures which nobody has named."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reactor.config import ClassificationSettings
from reactor.core.categories import Action, Category
from reactor.core.vectors import cosines
from reactor.ports import Embedder

# Of the pictures a fifth is tagged, and another tenth tagged and archived: more than a household's, whose photos are
# seldom wanted in the archive.
SHARES: Mapping[str, tuple[float, Action]] = {
    "a photo of a paper receipt": (0.2, "tag"),
    "a screenshot": (0.1, "tag_and_archive"),
}
EVERYTHING = ClassificationSettings(categories=(Category(name="Everything", prompts=("a photo",), similarity=-1.0),))


async def categories_for(embedder: Embedder, vectors: NDArray[np.float32]) -> ClassificationSettings:
    """Return categories whose cosines are set so that each takes its share of the pictures' vectors [n, D]."""
    prompts = await embedder.texts(tuple(SHARES))
    return ClassificationSettings(
        categories=tuple(
            Category(
                name=prompt.rpartition(" ")[2],
                prompts=(prompt,),
                similarity=float(np.quantile(cosines(vectors, prompts[prompt]), 1 - share)),
                action=action,
            )
            for prompt, (share, action) in SHARES.items()
        )
    )
