"""The same vectors as Immich's machine learning gives, one by one and in batches."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from reactor.core.errors import Permanent

from . import plain
from .conftest import Open
from .models import CONTEXT, WORDS, make_model, picture, pictures

PROMPTS = ["a dog", "  a\tcat  on grass ", "a red dog on grass a red cat on red grass", "Dog!", "unheard of", ""]


@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize("model", ["plain_model", "single_model"])
async def test_images_of_fp32_models(model: str, batch: int, opened: Open, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(model)
    encoder = await opened(folder, provider="cpu", batch=batch)
    assert encoder.batch == (batch if model == "plain_model" else 1)
    many = pictures(11)
    found = await asyncio.gather(*(encoder.embed_bytes(data) for data in many))
    for data, features in zip(many, found, strict=True):
        np.testing.assert_allclose(features.vector, plain.image_vector(data, folder), atol=1e-5)
        assert features.vector.dtype == np.float32


async def test_images_of_the_demo_model(demo: Path, opened: Open) -> None:
    single, batched = await opened(demo), await opened(demo, batch=8)
    many = pictures(9)
    found = await asyncio.gather(*(batched.embed_bytes(data) for data in many))
    for data, together in zip(many, found, strict=True):
        alone = (await single.embed_bytes(data)).vector
        np.testing.assert_allclose(alone, plain.image_vector(data, demo), atol=1e-6)
        assert float(alone @ together.vector) >= 0.999


@pytest.mark.parametrize(
    "data",
    [
        picture(200, 100, kind="PNG", mode="RGBA"),
        picture(100, 201, kind="PNG", mode="P"),
        picture(77, 77, mode="L"),
        picture(150, 99, mode="CMYK"),
        picture(99, 151, kind="WEBP"),
        picture(20, 11),
        picture(120, 60, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"),
    ],
    ids=["alpha", "palette", "grey", "cmyk", "webp", "enlarged", "turned by exif"],
)
async def test_every_kind_of_picture(data: bytes, plain_model: Path, opened: Open) -> None:
    encoder = await opened(plain_model)
    found = await encoder.embed_bytes(data)
    np.testing.assert_allclose(found.vector, plain.image_vector(data, plain_model), atol=1e-5)


async def test_prompts(plain_model: Path, demo: Path, opened: Open) -> None:
    for folder, tolerance in ((plain_model, 1e-5), (demo, 1e-6)):
        found = await (await opened(folder)).text(PROMPTS)
        assert found.dtype == np.float32
        for prompt, vector in zip(PROMPTS, found, strict=True):
            np.testing.assert_allclose(vector, plain.text_vector(prompt, folder), atol=tolerance)


async def test_canonical_prompts(tmp_path: Path, opened: Open) -> None:
    options = {"tokenizer_kwargs": {"clean": "canonicalize"}}
    encoder = await opened(make_model(tmp_path / "ViT-B-16-SigLIP", text_cfg=options))
    shouted, said = await encoder.text(["A. DOG!?", "a dog"])
    np.testing.assert_array_equal(shouted, said)
    plainly = await (await opened(make_model(tmp_path / "ViT-B-32"))).text(["A. DOG!?"])
    assert not np.allclose(plainly[0], said, atol=1e-3)


async def test_masked_prompts(tmp_path: Path, opened: Open) -> None:
    folder = make_model(tmp_path / "XLM-Roberta-Large-Vit-B-32", masked=True)
    ids = [WORDS.index(word) for word in ("<s>", "a", "cat", "</s>")]
    feed = {
        "input_ids": np.array([ids + [0] * (CONTEXT - 4)], np.int32),
        "attention_mask": np.array([[1] * 4 + [0] * (CONTEXT - 4)], np.int32),
    }
    found = await (await opened(folder)).text(["a cat"])
    np.testing.assert_allclose(found[0], plain.run(folder / "textual" / "model.onnx", feed), atol=1e-5)


async def test_prompts_of_many_languages(tmp_path: Path, opened: Open) -> None:
    folder = make_model(tmp_path / "nllb-clip-base-siglip__v1")
    ids = [WORDS.index(word) for word in ("<s>", "eng_Latna", "dog", "</s>")] + [0] * (CONTEXT - 4)
    found = await (await opened(folder)).text(["a dog"])
    expected = plain.run(folder / "textual" / "model.onnx", {"text": np.array([ids], np.int32)})
    np.testing.assert_allclose(found[0], expected, atol=1e-5)


async def test_no_prompts(plain_model: Path, opened: Open) -> None:
    assert (await (await opened(plain_model)).text([])).shape == (0, 24)


async def test_fast_decode_stays_close(demo: Path, opened: Open) -> None:
    data = picture(1600, 1200)
    exact = await (await opened(demo)).embed_bytes(data)
    fast = await (await opened(demo, fast_decode=True)).embed_bytes(data)
    assert (fast.width, fast.height) == (1600, 1200)
    assert 0.98 < float(exact.vector @ fast.vector) < 1 - 1e-9
    assert (exact.phash ^ fast.phash).bit_count() <= 6


async def test_a_refused_picture_does_not_hurt_the_next(plain_model: Path, opened: Open) -> None:
    encoder = await opened(plain_model, batch=4)
    wrong = np.zeros((3, 5, 5), np.float32)
    right = plain.image_input(picture(64, 64), plain_model)[0]
    answers = await asyncio.gather(encoder.embed(wrong), encoder.embed(right), return_exceptions=True)
    assert isinstance(answers[0], Permanent)
    assert isinstance(answers[1], np.ndarray)
    endless = np.full((3, 32, 32), np.nan, np.float32)
    with pytest.raises(Permanent, match="no finite vector"):
        await encoder.embed(endless)
