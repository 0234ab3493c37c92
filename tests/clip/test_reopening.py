"""A model that cannot be loaded, or keeps failing, is opened anew by itself."""

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from reactor.adapters.clip.embedder import ClipEmbedder, EmbedderOptions, open_embedder
from reactor.adapters.clip.encoder import ClipEncoder
from reactor.adapters.clip.folder import NotLoadable
from reactor.adapters.clip.reopening import KeptModel, Patience
from reactor.core.errors import StartError, Unreachable

from ..household import eventually
from . import plain
from .models import flat, make_model, picture

QUICK = EmbedderOptions(provider="cpu", patience=Patience(first_s=0.05, longest_s=0.2, failures=3))
BRIGHT, DARK = picture(64, 64), flat(20)


@pytest.fixture
def folder(tmp_path: Path, plain_model: Path) -> Path:
    """Return a copy that the test may change."""
    copied: Path = shutil.copytree(plain_model, tmp_path / "ViT-Copy")
    return copied


async def loaded(embedder: ClipEmbedder) -> None:
    async def ready() -> bool:
        return embedder.ready

    await eventually(ready, "the model is loaded")


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def put_a_folder_there(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("visual/model.onnx", truncate),
        ("textual/model.onnx", truncate),
        ("textual/tokenizer.json", truncate),
        ("config.json", truncate),
        ("visual/model.onnx", put_a_folder_there),
        ("visual/preprocess_cfg.json", put_a_folder_there),
    ],
)
async def test_a_damaged_model_is_loaded_once_it_is_repaired(
    folder: Path, name: str, spoil: Callable[[Path], None]
) -> None:
    file, data = folder / name, picture(200, 100)
    good = file.read_bytes()
    spoil(file)
    with pytest.raises(StartError, match=file.name):
        async with open_embedder(folder, QUICK):
            pass
    async with open_embedder(folder, QUICK, patient=True) as embedder:
        for ask in (lambda: embedder.model, lambda: embedder.info):
            with pytest.raises(Unreachable, match=rf"the model ViT-Copy cannot be loaded: .*{file.name}"):
                ask()
        for call in (lambda: embedder.image(data), lambda: embedder.texts(["a dog"])):
            with pytest.raises(Unreachable, match="cannot be loaded") as raised:
                await call()
            assert raised.value.after is not None
            assert raised.value.after >= 1
        assert (embedder.name, embedder.ready) == ("ViT-Copy", False)
        assert "it is tried again" in embedder.provider
        if file.is_dir():
            file.rmdir()
        file.write_bytes(good)
        await loaded(embedder)
        assert embedder.provider == "cpu"
        seen = await embedder.image(data)
        np.testing.assert_allclose(seen.vector, plain.image_vector(data, folder), atol=1e-5)
        assert embedder.model == embedder.info.hash


@pytest.mark.parametrize("missing", [".", "config.json", "visual/model.onnx", "textual/tokenizer.json"])
async def test_a_model_that_is_not_there_is_said_at_the_start(folder: Path, missing: str) -> None:
    gone = folder / missing
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    with pytest.raises(StartError, match=r"no model folder|downloaded in full"):
        async with open_embedder(folder, QUICK, patient=True):
            pass


async def test_a_model_of_another_kind_is_said_at_the_start(folder: Path) -> None:
    (folder / "config.json").write_text('{"embed_dim": 25, "text_cfg": {"context_length": 8}}')
    with pytest.raises(StartError, match="inconsistent"):
        async with open_embedder(folder, QUICK, patient=True):
            pass


async def test_a_model_without_memory_does_not_keep_the_reactor_from_starting(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "Starving", hungry=10**15, always=True)
    async with open_embedder(folder, QUICK, patient=True) as embedder:
        with pytest.raises(Unreachable, match="the model Starving cannot be loaded: the model cannot run now"):
            await embedder.image(DARK)
        make_model(folder)
        await loaded(embedder)
        assert (await embedder.image(DARK)).vector.shape == (24,)


async def fails(embedder: ClipEmbedder, times: int) -> None:
    for _ in range(times):
        with pytest.raises(Unreachable, match="cannot run now"):
            await embedder.image(BRIGHT)


async def test_a_model_that_keeps_failing_is_opened_anew(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "Hungry", hungry=10**15)
    async with open_embedder(folder, QUICK, patient=True) as embedder:
        old = embedder.model
        make_model(folder)  # what a new session will find
        await fails(embedder, 2)
        await embedder.image(DARK)  # they were not in a row
        await fails(embedder, 2)
        assert embedder.ready
        with capture_logs() as lines:
            await fails(embedder, 1)
            assert not embedder.ready
            assert embedder.model == old  # work on stored vectors goes on
            with pytest.raises(Unreachable, match="cannot be loaded: the model cannot run now"):
                await embedder.texts(["a dog"])
            await loaded(embedder)
        assert (await embedder.image(BRIGHT)).vector.shape == (24,)
        assert embedder.model != old
        levels = [line["log_level"] for line in lines]
        assert levels == ["error", "warning", "info"]


async def test_a_model_that_fails_again_after_it_was_opened_anew_is_left_alone_for_a_while(tmp_path: Path) -> None:
    slow = EmbedderOptions(provider="cpu", patience=Patience(first_s=60, longest_s=300, failures=3))
    async with open_embedder(make_model(tmp_path / "Hungry", hungry=10**15), slow, patient=True) as embedder:
        await fails(embedder, 3)
        await loaded(embedder)  # the first time at once
        await fails(embedder, 3)
        with pytest.raises(Unreachable) as raised:
            await embedder.image(BRIGHT)
        assert raised.value.after is not None
        assert raised.value.after > 60


async def test_who_waits_while_the_model_is_closed_is_told_to_come_again(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "Hungry", hungry=10**15)
    async with open_embedder(folder, QUICK, patient=True) as embedder:
        found = await asyncio.gather(
            *(embedder.image(BRIGHT) for _ in range(20)),
            *(embedder.texts([f"a cat {number}"]) for number in range(20)),
            return_exceptions=True,
        )
        refused = [answer for answer in found if isinstance(answer, BaseException)]
        assert len(refused) >= 20
        assert all(isinstance(answer, Unreachable) for answer in refused)
        await loaded(embedder)


@dataclass
class Stubborn:
    """Opens nothing, and remembers when it was asked to."""

    errors: Sequence[Exception]
    at: list[float] = field(default_factory=list)

    async def open(self) -> ClipEncoder:
        self.at.append(time.monotonic())
        raise self.errors[min(len(self.at), len(self.errors)) - 1]


async def test_the_pauses_grow_and_no_error_ends_the_trying() -> None:
    odd = RuntimeError("something that nobody foresaw")
    stubborn = Stubborn([NotLoadable("damaged"), NotLoadable("damaged"), odd, StartError("gone"), NotLoadable("back")])
    kept = KeptModel("ViT", stubborn.open, Patience(first_s=0.05, longest_s=0.2))

    async def tried() -> bool:
        return len(stubborn.at) >= 6

    with capture_logs() as lines:
        await kept.start(patient=True)
        await eventually(tried, "six tries")
    await kept.aclose()
    pauses = np.diff(stubborn.at)[:5]
    assert (pauses >= [0.045, 0.095, 0.195, 0.195, 0.195]).all()
    problems = [line["problem"] for line in lines if "problem" in line]
    assert problems == ["damaged", "RuntimeError: something that nobody foresaw", "gone", "back"]
    assert "mend the model" not in {task.get_name() for task in asyncio.all_tasks()}
