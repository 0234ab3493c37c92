"""The routes of the API about categories."""

from typing import Any

from reactor.core.calibration_preview import CalibrationPreview
from reactor.core.label_preview import LabelPreview
from reactor.server.api.answers import Classification, Started
from reactor.server.api.label_requests import (
    CalibrateBody,
    CategoryBody,
    CategoryNameBody,
    ChangedCategoryBody,
    PreviewBody,
    RelabelBody,
    SwitchBody,
)
from reactor.server.api.labelling import Labelling
from reactor.server.api.requests import Nothing
from reactor.server.api.table import Row, get, post

CLASSIFICATION = (
    "All categories, whether anything is labelled, where they are kept, and what the model was measured at."
)
ADD = "Make a category; photos that come from now on are held against it, older ones when they are asked for."
CHANGE = "Change a category: a run takes back what it asks for no more; what it asks for anew is not set by that."
REMOVE = "Remove a category: its tags that we set are taken off by a run, and what it archived comes back."
SWITCH = "Switch labelling on or off as a whole; what is there stays."
PREVIEW = "What a category, kept or drafted, would match among the stored photos of an account; nothing is written."
CALIBRATE = "Measure the model anew on stored photos; with `dry_run` only tell what that would change."
RELABEL = "Hold stored photos against the categories of now; no picture is looked at again."


def label_rows(labelling: Labelling) -> tuple[Row[Any], ...]:
    """Return what is told and changed of categories."""
    told = {200: Classification}
    kept, known = (409,), (404, 409)
    return (
        get("/classification", CLASSIFICATION, Nothing, labelling.classification, Classification),
        post("/classification/switch", SWITCH, SwitchBody, labelling.switch, told, refuses=kept),
        post("/categories/add", ADD, CategoryBody, labelling.add, told, refuses=kept),
        post("/categories/change", CHANGE, ChangedCategoryBody, labelling.change, told, refuses=known),
        post("/categories/remove", REMOVE, CategoryNameBody, labelling.remove, told, refuses=known),
        post("/categories/preview", PREVIEW, PreviewBody, labelling.preview, {200: LabelPreview}),
        post("/calibrate", CALIBRATE, CalibrateBody, labelling.calibrate, {200: CalibrationPreview}),
        post("/relabel", RELABEL, RelabelBody, labelling.relabel, {202: Started}),
    )
