"""hnswlib comes as source; it must run on other machines than the one that built it."""

import importlib.util
import shutil
import subprocess

import hnswlib
import numpy as np
import pytest


def test_the_vector_index_finds_what_exact_search_finds() -> None:
    chance = np.random.default_rng(1)
    vectors = chance.normal(size=(400, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = hnswlib.Index(space="ip", dim=32)
    index.init_index(max_elements=len(vectors), M=16, ef_construction=100)
    index.add_items(vectors, num_threads=1)
    index.set_ef(100)
    found, _ = index.knn_query(vectors, k=1, num_threads=1)
    assert float((found[:, 0] == np.arange(len(vectors))).mean()) > 0.99


def test_the_vector_index_is_not_built_for_this_processor_alone() -> None:
    objdump = shutil.which("objdump")
    if objdump is None:
        pytest.skip("objdump is not installed, so the compiled code cannot be looked at")
    spec = importlib.util.find_spec("hnswlib")
    assert spec is not None
    assert spec.origin is not None
    code = subprocess.run([objdump, "-d", spec.origin], capture_output=True, text=True, check=True).stdout
    assert "%zmm" not in code
    assert "%ymm" not in code
