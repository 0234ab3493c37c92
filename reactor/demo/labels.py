"""The demo household's categories, with cosines that fit the demo model (measured: models/training/README.md)."""

from reactor.config import CategorySettings, ClassificationSettings

CLASSIFICATION = ClassificationSettings(
    categories=(
        CategorySettings(
            name="Screenshots",
            prompts=("a screenshot of a phone app", "chat messages on a phone screen"),
            similarity=0.6,
            action="tag_and_archive",
        ),
        CategorySettings(
            name="Receipts", prompts=("a paper receipt from a shop",), similarity=0.6, action="tag_and_archive"
        ),
        CategorySettings(name="Documents", prompts=("a scanned page of printed text",), similarity=0.6),
        CategorySettings(
            name="Landscapes", prompts=("a mountain landscape", "a sandy beach by the sea"), similarity=0.6
        ),
        CategorySettings(name="Pets", prompts=("a photo of my dog", "a photo of my cat"), similarity=0.6),
    )
)
