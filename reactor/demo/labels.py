"""The demo household's categories.

The cosines fit the demo model alone and are measured on other photos of the sample library (models/training/README.md);
another model needs other numbers.
"""

from reactor.config import ClassificationSettings
from reactor.core.categories import Category

CLASSIFICATION = ClassificationSettings(
    categories=(
        Category(
            name="Screenshots",
            prompts=(
                "a screenshot of a phone app",
                "chat messages on a phone screen",
                "a phone home screen with app icons",
            ),
            similarity=0.5,
            action="tag_and_archive",
        ),
        Category(name="Receipts", prompts=("a paper receipt from a shop",), similarity=0.5, action="tag_and_archive"),
        Category(name="Documents", prompts=("a scanned page of printed text",), similarity=0.55),
        Category(
            name="Landscapes",
            prompts=(
                "a mountain landscape",
                "a sandy beach by the sea",
                "the sun setting in an orange sky",
                "a snowy winter landscape",
                "tall trees in a forest",
                "a green meadow",
                "a boat on the ocean",
            ),
            similarity=0.5,
        ),
        Category(name="Pets", prompts=("a photo of my dog", "a photo of my cat"), similarity=0.5),
        Category(name="Food", prompts=("a plate of food", "a cup of coffee", "a birthday cake"), similarity=0.5),
    )
)
