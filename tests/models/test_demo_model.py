"""The shipped demo model: its folder is Immich's, and it tells rendered pictures apart by prompts it never saw."""

import io
import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from PIL import Image

from models.training.measure import Model, accuracy, prompts, random_pair_cosine
from reactor.demo.pictures import KINDS, draw

FOLDER = Path(__file__).parents[2] / "models" / "demo" / "ViT-Tiny-Demo"
FILES = {
    "config.json",
    "reactor.json",
    "visual/model.onnx",
    "visual/preprocess_cfg.json",
    "textual/model.onnx",
    "textual/tokenizer.json",
    "textual/tokenizer_config.json",
}
# Far from every seed of training (0 to 559) and of the figures in reactor.json (from 1,000,000).
SEED = 3_000_001


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(FOLDER)


def test_the_folder_is_complete_and_small() -> None:
    found = {file.relative_to(FOLDER).as_posix(): file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()}
    assert set(found) == FILES
    assert sum(found.values()) <= 3_000_000


@pytest.mark.parametrize(
    ("part", "name", "shape", "kind"),
    [("visual", "image", [3, 80, 80], "tensor(float)"), ("textual", "text", [24], "tensor(int32)")],
)
def test_inputs_and_outputs_are_immichs_with_a_free_batch_axis(
    part: str, name: str, shape: list[int], kind: str
) -> None:
    session = ort.InferenceSession(str(FOLDER / part / "model.onnx"), providers=["CPUExecutionProvider"])
    (given,), (result,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type, given.shape[1:]) == (name, kind, shape)
    assert isinstance(given.shape[0], str)
    assert (result.name, result.shape[1:]) == ("embedding", [256])
    assert json.loads((FOLDER / "config.json").read_text())["embed_dim"] == 256


def test_it_tells_held_out_pictures_apart_by_unseen_prompts(model: Model) -> None:
    truth = [kind for kind in range(len(KINDS)) for _ in range(4)]
    pictures = [draw(KINDS[kind], SEED + number).image for number, kind in enumerate(truth)]
    vectors = model.pictures(pictures)
    found = accuracy(vectors, truth, model.texts(prompts()))
    assert found.top1 >= 0.90, found.worst
    shipped = json.loads((FOLDER / "reactor.json").read_text())
    assert random_pair_cosine(vectors) == pytest.approx(shipped["random_pair_cosine"], abs=0.05)


def test_it_tells_previews_of_1440_pixels_apart(model: Model) -> None:
    vectors = []
    for number, kind in enumerate(KINDS):
        file = io.BytesIO()
        draw(kind, SEED + number, 480, ratio=4 / 3).image.resize((1920, 1440)).save(file, "JPEG", quality=80)
        vectors.append(model.pictures([Image.open(file)]))
    found = accuracy(np.concatenate(vectors), range(len(KINDS)), model.texts(prompts()))
    assert found.top1 >= 0.85, found.worst


def test_a_vector_is_of_length_1_and_the_same_alone_as_in_a_batch(model: Model) -> None:
    pictures = [draw(kind, SEED).image for kind in KINDS[::4]]
    together = np.concatenate([model.pictures(pictures), model.texts(prompts())])
    alone = np.concatenate([*(model.pictures([one]) for one in pictures), *(model.texts([one]) for one in prompts())])
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)
    assert (alone * together).sum(1).min() >= 0.9999
