"""Reading a model folder, naming its vectors, and where it runs."""

import json
import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image, ImageFilter

from reactor.adapters.clip.embedder import EmbedderOptions, open_embedder
from reactor.adapters.clip.encoder import ClipEncoder
from reactor.adapters.clip.folder import clean_name, hash_model, read_folder
from reactor.adapters.clip.session import cuda_may_work, open_session
from reactor.core.errors import Permanent, Retryable, StartError

from .conftest import Open
from .models import make_model, model_of, picture


@pytest.fixture
def folder(tmp_path: Path, plain_model: Path) -> Path:
    """Return a copy that the test may change."""
    copied: Path = shutil.copytree(plain_model, tmp_path / "ViT-Copy")
    return copied


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("ViT-B-32::openai", "ViT-B-32__openai"),
        ("immich-app/ViT-B-16-SigLIP2__webli", "ViT-B-16-SigLIP2__webli"),
        ("M-CLIP/XLM-Roberta-Large-Vit-B-16Plus", "XLM-Roberta-Large-Vit-B-16Plus"),
        ("nllb-clip-base-siglip__v1.0", "nllb-clip-base-siglip__v10"),
        ("../../etc", "etc"),
        (r"..\secret", "_secret"),
    ],
)
def test_clean_names(name: str, clean: str) -> None:
    assert clean_name(name) == clean


@pytest.mark.parametrize("name", ["", "..", "a/", "a/..", "white space", "nul\0", "ümlaut", "x\n"])
def test_names_of_no_model(name: str) -> None:
    with pytest.raises(StartError, match="not the name of a model"):
        clean_name(name)


async def test_what_a_model_tells(folder: Path, opened: Open) -> None:
    encoder = await opened(folder)
    assert (encoder.model.name, encoder.model.dim, encoder.model.random_pair_cosine) == ("ViT-Copy", 24, None)
    assert encoder.model.hash == hash_model(read_folder(folder))
    (folder / "reactor.json").write_text('{"random_pair_cosine": 0.52, "licence": "whatever"}')
    assert (await opened(folder)).model.random_pair_cosine == 0.52


def test_looser_descriptions(folder: Path) -> None:
    (folder / "visual" / "preprocess_cfg.json").write_text(
        '{"size": 32, "mean": 0.5, "std": [0.5, 0.5, 0.5], "more": 1}'
    )
    (folder / "textual" / "tokenizer_config.json").write_text('{"pad_token": {"content": "<pad>", "lstrip": false}}')
    (folder / "config.json").write_text('{"embed_dim": 24, "text_cfg": {}}')
    found = read_folder(folder)
    assert (found.preprocessing.size, found.preprocessing.mean) == (32, (0.5, 0.5, 0.5))
    assert (found.pad_token, found.config.text_cfg.context_length) == ("<pad>", 77)


@pytest.mark.parametrize(
    "file",
    [
        "config.json",
        "visual/preprocess_cfg.json",
        "visual/model.onnx",
        "textual/model.onnx",
        "textual/tokenizer.json",
        "textual/tokenizer_config.json",
    ],
)
async def test_missing_and_broken_files(file: str, folder: Path) -> None:
    (folder / file).write_bytes(b'{"half": ')
    with pytest.raises(StartError, match=Path(file).name):
        await ClipEncoder.open(folder)
    (folder / file).unlink()
    with pytest.raises(StartError, match=f"{Path(file).name}.*downloaded in full"):
        await ClipEncoder.open(folder)


async def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="no model folder"):
        await ClipEncoder.open(tmp_path / "absent")


@pytest.mark.parametrize(
    ("file", "key", "value", "sentence"),
    [
        ("config.json", "embed_dim", 25, "inconsistent.*24 numbers.*says 25"),
        ("visual/preprocess_cfg.json", "size", [64, 64], "does not work"),
        ("textual/tokenizer_config.json", "pad_token", "<none>", "padding token"),
    ],
)
async def test_files_that_do_not_fit(file: str, key: str, value: object, sentence: str, folder: Path) -> None:
    described = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps(described | {key: value}))
    with pytest.raises(StartError, match=sentence):
        await ClipEncoder.open(folder)


def test_the_hash_names_the_vectors(folder: Path) -> None:
    first = hash_model(read_folder(folder))
    assert len(first) == 64
    (folder / "textual" / "README.md").write_text("words")
    (folder / "reactor.json").write_text("{}")
    (folder / "visual" / ".hidden").write_text("x")
    (folder / "visual" / "cache").mkdir()
    assert hash_model(read_folder(folder)) == first
    seen = {first}
    for file in (
        "visual/model.onnx",
        "textual/model.onnx",
        "visual/preprocess_cfg.json",
        "visual/weight_0",
        "textual/model.onnx_data",
    ):
        with (folder / file).open("ab") as opened:
            opened.write(b"\n")
        seen.add(hash_model(read_folder(folder)))
    assert len(seen) == 6


async def test_the_provider_in_use(plain_model: Path, opened: Open) -> None:
    assert (await opened(plain_model, provider="cpu")).provider == "cpu"
    if cuda_may_work():
        pytest.skip("a machine with an NVIDIA driver")
    assert (await opened(plain_model, provider="auto")).provider == "cpu"
    with pytest.raises(StartError, match="CUDA was asked for but does not work here"):
        await ClipEncoder.open(plain_model, provider="cuda")


def test_failures_at_run_time(tmp_path: Path) -> None:
    """A graph that makes as many numbers as it is told to."""
    nodes = [
        helper.make_node("Cast", ["text"], ["shape"], to=TensorProto.INT64),
        helper.make_node("ConstantOfShape", ["shape"], ["many"]),
        helper.make_node("ReduceSum", ["many"], ["embedding"], keepdims=0),
    ]
    text = helper.make_tensor_value_info("text", TensorProto.INT32, ["rank"])
    onnx.save(
        model_of(nodes, [text], {}, [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [])]),
        str(tmp_path / "model.onnx"),
    )
    session = open_session(tmp_path / "model.onnx", wish="cpu")
    assert session.run({"text": np.array([2, 3], np.int32)}) == 0
    with pytest.raises(Retryable) as raised:
        session.run({"text": np.array([10**6, 10**8], np.int32)})
    assert raised.value.after == 30
    with pytest.raises(Permanent, match="refused"):
        session.run({"text": np.array([[1, 2]], np.int32)})


async def test_vectors_that_are_not_unit(folder: Path) -> None:
    tower = onnx.load(str(folder / "visual" / "model.onnx"))
    tower.graph.node[-1].op_type = "Mul"
    onnx.save(tower, str(folder / "visual" / "model.onnx"))
    with pytest.raises(StartError, match="length 1"):
        await ClipEncoder.open(folder)


def blurred(data: bytes) -> bytes:
    out = BytesIO()
    Image.open(BytesIO(data)).filter(ImageFilter.GaussianBlur(5)).save(out, "JPEG")
    return out.getvalue()


async def test_as_the_stages_see_it(tmp_path: Path) -> None:
    async with open_embedder(make_model(tmp_path / "ViT-Seen"), EmbedderOptions(provider="cpu")) as embedder:
        seen = await embedder.image(picture(640, 480))
        assert (seen.width, seen.height, seen.vector.shape) == (640, 480, (24,))
        assert seen.sharpness > 10 * (await embedder.image(blurred(picture(640, 480)))).sharpness > 0
        texts = await embedder.texts(["a dog", "a cat", "a dog"])
        assert list(texts) == ["a dog", "a cat"]
        assert embedder.model == embedder.info.hash
        assert embedder.provider == "cpu"
