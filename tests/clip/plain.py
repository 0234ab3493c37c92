"""Immich's steps written down a second time, as plainly as they are documented (facts/clip.md section 2)."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image
from tokenizers import Tokenizer


def image_input(data: bytes, folder: Path) -> NDArray[np.float32]:
    """Return [1, 3, S, S]."""
    cfg = json.loads((folder / "visual" / "preprocess_cfg.json").read_text())
    side = cfg["size"][0]
    image: Image.Image = Image.open(BytesIO(data))
    image.load()
    if image.mode != "RGB":
        image = image.convert("RGB")
    if image.width < image.height:
        image = image.resize((side, int(image.height / image.width * side)), Image.Resampling.BICUBIC)
    else:
        image = image.resize((int(image.width / image.height * side), side), Image.Resampling.BICUBIC)
    left, upper = int(image.width / 2 - side / 2), int(image.height / 2 - side / 2)
    pixels = np.asarray(image.crop((left, upper, left + side, upper + side)), dtype=np.float32) / 255
    values = (pixels - np.array(cfg["mean"], np.float32)) / np.array(cfg["std"], np.float32)
    return values.transpose(2, 0, 1)[None].astype(np.float32)


def image_vector(data: bytes, folder: Path) -> NDArray[np.float32]:
    """Return [D]."""
    return run(folder / "visual" / "model.onnx", {"image": image_input(data, folder)})


def text_vector(prompt: str, folder: Path) -> NDArray[np.float32]:
    """Return [D] of an OpenCLIP model's prompt."""
    context = json.loads((folder / "config.json").read_text())["text_cfg"].get("context_length", 77)
    pad = json.loads((folder / "textual" / "tokenizer_config.json").read_text())["pad_token"]
    tokenizer = Tokenizer.from_file(str(folder / "textual" / "tokenizer.json"))
    tokenizer.enable_truncation(context)
    ids = tokenizer.encode(" ".join(prompt.split())).ids
    pad_id = tokenizer.token_to_id(pad)
    assert pad_id is not None
    ids += [pad_id] * (context - len(ids))
    return run(folder / "textual" / "model.onnx", {"text": np.array([ids], np.int32)})


def run(graph: Path, feed: dict[str, Any]) -> NDArray[np.float32]:
    """Return the first row of the first output."""
    row: NDArray[np.float32] = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"]).run(
        None, feed
    )[0][0]
    return row
