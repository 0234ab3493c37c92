"""Write ONNX graphs without the package `onnx`, which only the development of this project needs.

A graph is a small protobuf message, and what of its schema is used here fits on one page; protobuf's own library would
want the same page as descriptors. Weights lie beside the graph, so that large ones are never copied. The tests hold
what is written here against onnx's own checker.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

OPSET, IR_VERSION = 17, 9
WEIGHTS_FILE = "weights.bin"
INLINE_BYTES = 1024
"""Shapes and axes stay in the graph, since onnxruntime wants to read them while it plans."""

Array: TypeAlias = NDArray[np.float32] | NDArray[np.int64]
Attribute: TypeAlias = int | float | Sequence[int]

# Field numbers and enum values: onnx/onnx.proto3 of ONNX 1.19.
_TYPES = {"float32": 1, "int32": 6, "int64": 7}
_FLOAT, _INT, _INTS = 1, 2, 7
_EXTERNAL = 1


@dataclass(frozen=True, kw_only=True)
class Port:
    """An input or output of a graph: its name, numpy's name of its numbers, and its shape."""

    name: str
    kind: str
    shape: tuple[int, ...]


@dataclass(kw_only=True)
class Graph:
    """Nodes in the order in which they are added, and their weights; every node has one output with a name of its own.

    ``weights`` is the opened file that large weights are written to, ``WEIGHTS_FILE`` beside the graph.
    """

    weights: BinaryIO
    _nodes: list[bytes] = field(default_factory=list)
    _tensors: list[bytes] = field(default_factory=list)

    def weight(self, array: Array) -> str:
        """Add a constant and return its name."""
        name = f"w{len(self._tensors)}"
        head = [*(_field(1, size) for size in array.shape), _field(2, _TYPES[array.dtype.name]), _field(8, name)]
        if array.nbytes <= INLINE_BYTES:
            self._tensors.append(b"".join([*head, _field(9, array.tobytes())]))
            return name
        place = {"location": WEIGHTS_FILE, "offset": str(self.weights.tell()), "length": str(array.nbytes)}
        self.weights.write(np.ascontiguousarray(array).data)
        pairs = [_field(13, _field(1, key) + _field(2, value)) for key, value in place.items()]
        self._tensors.append(b"".join([*head, *pairs, _field(14, _EXTERNAL)]))
        return name

    def node(self, operator: str, *inputs: str, output: str = "", **attributes: Attribute) -> str:
        """Add a node and return the name of its output."""
        name = output or f"n{len(self._nodes)}"
        parts = [*(_field(1, one) for one in inputs), _field(2, name), _field(3, name), _field(4, operator)]
        parts += [_field(5, _attribute(key, value)) for key, value in attributes.items()]
        self._nodes.append(b"".join(parts))
        return name

    def save(self, file: Path, inputs: Iterable[Port], outputs: Iterable[Port]) -> None:
        """Write the graph."""
        graph = [_field(1, node) for node in self._nodes]
        graph += [_field(2, "tower")]
        graph += [_field(5, tensor) for tensor in self._tensors]
        graph += [_field(11, _value_info(port)) for port in inputs]
        graph += [_field(12, _value_info(port)) for port in outputs]
        opset = _field(1, "") + _field(2, OPSET)
        file.write_bytes(_field(1, IR_VERSION) + _field(7, b"".join(graph)) + _field(8, opset))


def _attribute(name: str, value: Attribute) -> bytes:
    head = _field(1, name)
    if isinstance(value, float):
        return head + _key(2, 5) + struct.pack("<f", value) + _field(20, _FLOAT)
    if isinstance(value, int):
        return head + _field(3, value) + _field(20, _INT)
    return head + b"".join(_field(8, one) for one in value) + _field(20, _INTS)


def _value_info(port: Port) -> bytes:
    shape = b"".join(_field(1, _field(1, size)) for size in port.shape)
    tensor = _field(1, _TYPES[port.kind]) + _field(2, shape)
    return _field(1, port.name) + _field(2, _field(1, tensor))


def _field(number: int, value: int | str | bytes) -> bytes:
    """Return a field of a message: a number as a varint, everything else with its length before it."""
    if isinstance(value, int):
        return _key(number, 0) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _key(number, 2) + _varint(len(data)) + data


def _key(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _varint(value: int) -> bytes:
    left = value & 0xFFFF_FFFF_FFFF_FFFF
    found = bytearray()
    while left > 0x7F:
        found.append(left & 0x7F | 0x80)
        left >>= 7
    found.append(left)
    return bytes(found)
