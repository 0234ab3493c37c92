"""A model that fails while it runs: whose fault that is, and what is remembered of it."""

import asyncio
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from reactor.adapters.clip.encoder import ClipEncoder
from reactor.adapters.clip.folder import NotLoadable
from reactor.core.errors import Permanent, Unreachable

from .conftest import Open
from .memory import at_most
from .models import flat, make_model, picture

FAR_TOO_MANY = 10**15
"""Floats that no machine has room for: the demand is refused at once."""

SOME = 48 * 1024 * 1024
"""Floats that this machine has room for when it is let."""

MARGIN = 64 * 1024 * 1024
BRIGHT, DARK = picture(64, 64), flat(20)


async def test_want_of_memory_is_not_the_photos_fault(tmp_path: Path, opened: Open) -> None:
    encoder = await opened(make_model(tmp_path / "Hungry", hungry=FAR_TOO_MANY), batch=4)
    with pytest.raises(Unreachable, match="cannot run now") as raised:
        await encoder.embed_bytes(BRIGHT)
    assert raised.value.after == 30
    found = await asyncio.gather(*(encoder.embed_bytes(data) for data in (DARK, BRIGHT, DARK)), return_exceptions=True)
    assert isinstance(found[1], Unreachable)
    assert not isinstance(found[0], BaseException)
    assert not isinstance(found[2], BaseException)
    np.testing.assert_array_equal(found[0].vector, found[2].vector)


async def test_it_works_again_when_there_is_memory(tmp_path: Path, opened: Open) -> None:
    folder = make_model(tmp_path / "Hungry", hungry=SOME)
    encoder = await opened(folder)
    with at_most(MARGIN):
        with pytest.raises(Unreachable):
            await encoder.embed_bytes(BRIGHT)
        assert (await encoder.embed_bytes(DARK)).vector.shape == (24,)
    plain = await opened(make_model(tmp_path / "Plain"))
    again = (await encoder.embed_bytes(BRIGHT)).vector
    np.testing.assert_allclose(again, (await plain.embed_bytes(BRIGHT)).vector, atol=1e-6)


async def test_a_prompt_that_failed_is_encoded_anew(tmp_path: Path, opened: Open) -> None:
    encoder = await opened(make_model(tmp_path / "Hungry", hungry=SOME))
    with at_most(MARGIN):
        for _ in range(2):
            found = await asyncio.gather(*(encoder.text(["a Dog", "a cat"]) for _ in range(5)), return_exceptions=True)
            assert {type(answer).__bases__ for answer in found} == {(Unreachable,)}
        kept = await encoder.text(["a cat"])
    both = await encoder.text(["a Dog", "a cat"])
    np.testing.assert_array_equal(both[1], kept[0])
    plain = await opened(make_model(tmp_path / "Plain"))
    np.testing.assert_allclose(both, await plain.text(["a Dog", "a cat"]), atol=1e-6)


def test_want_of_memory_while_a_picture_is_opened(tmp_path: Path) -> None:
    # In a process of its own: what others gave back before would be room enough here.
    files = []
    for side in (90, 6_000, 4_800):
        files.append(tmp_path / f"{side}.png")
        files[-1].write_bytes(flat(90, side=side))
    command = [sys.executable, "-m", "tests.clip.hungry", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


async def test_a_refused_input_stays_refused(plain_model: Path, opened: Open) -> None:
    encoder = await opened(plain_model)
    with pytest.raises(Permanent, match="the model refused its input"):
        await encoder.embed(np.zeros((3, 5, 5), np.float32))


async def test_weights_that_were_damaged(tmp_path: Path, plain_model: Path) -> None:
    folder = shutil.copytree(plain_model, tmp_path / "Damaged")
    tower = onnx.load(str(folder / "visual" / "model.onnx"))
    for weights in tower.graph.initializer:
        if weights.name == "bias":
            weights.CopyFrom(numpy_helper.from_array(np.full(24, np.nan, np.float32), "bias"))
    onnx.save(tower, str(folder / "visual" / "model.onnx"))
    with pytest.raises(NotLoadable, match="no finite numbers"):
        await ClipEncoder.open(folder)


async def test_files_that_change_while_they_are_read(tmp_path: Path, plain_model: Path) -> None:
    folder = shutil.copytree(plain_model, tmp_path / "Changing")
    stop = threading.Event()

    def touch() -> None:
        while not stop.wait(0.001):
            now = time.time_ns()
            os.utime(folder / "textual" / "model.onnx", ns=(now, now))

    toucher = threading.Thread(target=touch)
    toucher.start()
    try:
        with pytest.raises(NotLoadable, match="changed while they were read"):
            for _ in range(100):  # a busy machine may let one pass between two touches
                await (await ClipEncoder.open(folder)).aclose()
    finally:
        stop.set()
        toucher.join()
    await (await ClipEncoder.open(folder)).aclose()
