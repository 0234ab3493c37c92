"""The graphs that are written without onnx are what onnx understands, and compute what they say."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from reactor.adapters.clip.encoder import ClipEncoder
from reactor.bench.graph import WEIGHTS_FILE, Graph, Port
from reactor.bench.vit import Shape, make_model

SMALL = Shape(side=64, patch=16, width=32, layers=2, heads=4, mlp=64, dim=24)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_model(tmp_path / "small", SMALL)


def parameters(graph: Path) -> int:
    weights = onnx.load(str(graph), load_external_data=False).graph.initializer
    return sum(int(np.prod(weight.dims)) for weight in weights if weight.data_type == onnx.TensorProto.FLOAT)


def evaluated(folder: Path, picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the embedding [1, D] that onnx's own plain evaluator computes."""
    evaluator = ReferenceEvaluator(str(folder / "visual" / "model.onnx"))
    (found,) = evaluator.run(None, {"image": picture})
    return np.asarray(found, np.float32)


@pytest.mark.parametrize("tower", ["visual", "textual"])
def test_onnx_checks_each_tower(folder: Path, tower: str) -> None:
    onnx.checker.check_model(str(folder / tower / "model.onnx"), full_check=True)


async def test_the_folder_is_a_model_that_computes_what_its_graph_says(folder: Path) -> None:
    encoder = await ClipEncoder.open(folder, provider="cpu", threads=1)
    try:
        picture = np.random.default_rng(1).normal(size=(3, SMALL.side, SMALL.side)).astype(np.float32)
        vector = await encoder.embed(picture)
        prompts = await encoder.text(["a photo of the dog", "a paper receipt"])
    finally:
        await encoder.aclose()
    (expected,) = evaluated(folder, picture[None])
    assert vector == pytest.approx(expected, abs=1e-5)
    assert encoder.batch == 1
    assert float(prompts[0] @ prompts[1]) < 0.99


def test_another_picture_has_another_vector_and_the_same_shape_the_same_weights(folder: Path, tmp_path: Path) -> None:
    again = make_model(tmp_path / "again", SMALL)
    for tower in ("visual", "textual"):
        assert (again / tower / WEIGHTS_FILE).read_bytes() == (folder / tower / WEIGHTS_FILE).read_bytes()
    pictures = np.random.default_rng(2).normal(size=(2, 1, 3, SMALL.side, SMALL.side)).astype(np.float32)
    (one,), (other,) = (evaluated(folder, picture) for picture in pictures)
    assert float(one @ other) < 0.99


def test_the_shape_is_that_of_vit_b_32(tmp_path: Path) -> None:
    # Counted by hand: patches, class, places, two norms before and after, projection; and a layer.
    around = 768 * 3 * 32 * 32 + 768 + 50 * 768 + 2 * 768 + 2 * 768 + 768 * 512
    layer = 4 * (768 * 768 + 768) + (768 * 3072 + 3072) + (3072 * 768 + 768) + 4 * 768
    graph = make_model(tmp_path / "one", Shape(layers=1)) / "visual" / "model.onnx"
    constants = 2  # the attention's scale and the activation's factor
    assert parameters(graph) == around + layer + constants
    # facts/clip.md section 4 counts 87.8 million of the real one.
    assert round((around + Shape().layers * layer) / 1e6, 1) == 87.8


def test_numbers_of_every_size_arrive(tmp_path: Path) -> None:
    with (tmp_path / WEIGHTS_FILE).open("wb") as weights:
        graph = Graph(weights=weights)
        small = graph.weight(np.array([-1, 2**40, -(2**63)], np.int64))
        large = graph.weight(np.arange(1000, dtype=np.float32))
        graph.node("Odd", small, large, output="out", axis=-300, epsilon=1e-5, perm=[0, 2, -1, 2**33])
        port = Port(name="image", kind="float32", shape=(1, 3, 200, 70000))
        graph.save(tmp_path / "odd.onnx", [port], [Port(name="out", kind="int64", shape=(1,))])
    found = onnx.load(str(tmp_path / "odd.onnx")).graph
    kept = {weight.name: onnx.numpy_helper.to_array(weight) for weight in found.initializer}
    assert kept[small].tolist() == [-1, 2**40, -(2**63)]
    assert kept[large].tolist() == list(range(1000))
    (node,) = found.node
    values = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
    assert values == {"axis": -300, "epsilon": pytest.approx(1e-5), "perm": [0, 2, -1, 2**33]}
    assert [dim.dim_value for dim in found.input[0].type.tensor_type.shape.dim] == [1, 3, 200, 70000]
    assert found.output[0].type.tensor_type.elem_type == onnx.TensorProto.INT64
