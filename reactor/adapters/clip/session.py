"""One ONNX graph in onnxruntime, on the processor or on a CUDA card."""

import ctypes
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as native

from reactor.adapters.clip.folder import NotLoadable
from reactor.core.errors import Permanent, Retryable, StartError, Unreachable

Wish: TypeAlias = Literal["auto", "cuda", "cpu"]
Provider: TypeAlias = Literal["cuda", "cpu"]
Feed: TypeAlias = Mapping[str, NDArray[np.float32] | NDArray[np.int32]]

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
FATAL = 4
# onnxruntime's exceptions have no common ancestor of their own.
FAILURES: tuple[type[Exception], ...] = (
    native.EngineError,
    native.EPFail,
    native.Fail,
    native.InvalidArgument,
    native.InvalidGraph,
    native.InvalidProtobuf,
    native.NoModel,
    native.NoSuchFile,
    native.NotImplemented,
    native.RuntimeException,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
REFUSALS: tuple[type[Exception], ...] = (native.InvalidArgument, native.NotImplemented, TypeError, ValueError)
# What passes: memory that others hold now, or a card that was reset under us. Want of memory comes as `Fail`.
PASSING = ("memory", "alloc", "cuda", "cudnn", "cublas", "gpu")
MEMORY_WAIT = 30.0
NO_CUDA = (
    "CUDA was asked for but does not work here: it needs an NVIDIA driver and the CUDA libraries "
    "(install the extra `cuda`); set the provider to auto or cpu to run without"
)


class ModelFailed(Unreachable):
    """Say that the model cannot run now; a graph's input has one size, so it is never one photo's fault."""


class UnknownFailure(Retryable):
    """Say that the model failed in a way that nobody foresaw; it costs tries, so that it ends and a person sees it."""


class Session(Protocol):
    """What the encoder needs of a loaded graph."""

    @property
    def provider(self) -> Provider:
        """Return where the graph runs now."""
        ...

    @property
    def inputs(self) -> frozenset[str]:
        """Return the names of the graph's inputs."""
        ...

    @property
    def batches(self) -> bool:
        """Say whether the graph takes more than one picture or text at a time."""
        ...

    def run(self, feed: Feed) -> NDArray[np.float32]:
        """Return the first output [n, D]; raises ModelFailed, Retryable or Permanent. Blocks, without the GIL."""
        ...


class OnnxSession:
    """A graph loaded by onnxruntime."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        nodes = session.get_inputs()
        self.inputs = frozenset(str(node.name) for node in nodes)
        # Immich's exporter fixes the axis at 1, so most of its models take one picture (facts/clip.md section 2).
        self.batches = all(not isinstance(node.shape[0], int) for node in nodes)

    @property
    def provider(self) -> Provider:
        """Return where the graph runs now: onnxruntime may fall back to the processor later on."""
        return "cuda" if CUDA in self._session.get_providers() else "cpu"

    def run(self, feed: Feed) -> NDArray[np.float32]:
        """Return the first output [n, D]; raises ModelFailed, Retryable or Permanent. Blocks, without the GIL."""
        try:
            return np.asarray(self._session.run(None, dict(feed))[0], dtype=np.float32)
        except REFUSALS as error:
            raise Permanent(f"the model refused its input: {error}") from error
        except MemoryError as error:
            raise ModelFailed("there was not enough memory for the model", after=MEMORY_WAIT) from error
        except FAILURES as error:
            if any(word in str(error).lower() for word in PASSING):
                raise ModelFailed(f"the model cannot run now: {error}", after=MEMORY_WAIT) from error
            raise UnknownFailure(f"the model failed: {error}") from error


def open_session(path: Path, *, wish: Wish = "auto", threads: int = 2) -> OnnxSession:
    """Load a graph; raises NotLoadable, or StartError on a machine that cannot do what ``wish`` demands.

    ``auto`` takes CUDA only where it truly works: a session that asked for CUDA in vain runs on the processor
    without an error (facts/libraries.md section 2).
    """
    if wish == "cpu" or not cuda_may_work():
        if wish == "cuda":
            raise StartError(NO_CUDA)
        return _load(path, (CPU,), threads)
    # Finds the libraries that were installed as Python packages.
    onnxruntime.preload_dlls()
    try:
        session = _load(path, (CUDA, CPU), threads)
    except NotLoadable:
        if wish == "cuda":
            raise
        return _load(path, (CPU,), threads)
    if wish == "cuda" and session.provider != "cuda":
        # Missing libraries and a card that others hold look the same from here.
        raise NotLoadable(NO_CUDA)
    return session


def cuda_may_work() -> bool:
    """Say whether this build of onnxruntime knows CUDA and an NVIDIA driver is installed."""
    if CUDA not in onnxruntime.get_available_providers():
        return False
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _load(path: Path, providers: tuple[str, ...], threads: int) -> OnnxSession:
    # Its warnings go to stderr past our log, and every failure that matters arrives as an exception.
    onnxruntime.set_default_logger_severity(FATAL)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = FATAL
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = threads
    # Spinning threads on a busy machine halve the speed (facts/clip.md section 4).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    asked = [(provider, {"arena_extend_strategy": "kSameAsRequested"}) for provider in providers]
    try:
        return OnnxSession(onnxruntime.InferenceSession(path.as_posix(), sess_options=options, providers=asked))
    except FAILURES as error:
        raise NotLoadable(f"the graph {path} cannot be opened: {error}") from error
