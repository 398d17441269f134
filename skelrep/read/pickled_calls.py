"""The few calls that a pickle of plain data makes, each replaced by our own function, which checks more.

They are those of numpy's arrays, dtypes and scalars (module names of numpy 1 and 2), of byte strings in
protocols 0 to 2, and of sets.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# Size and type of plain numbers and text; "O" (objects) and structures are not among them.
_DTYPE = re.compile(r"[<>|=]?([biuf][1248]|f16|[SU]\d{1,6})")
_BYTE_ORDERS = ("<", ">", "|", "=")
MAX_KEY = 2**61  # larger integers can be chosen to share one hash


class Budget:
    """Bytes that copies made while reading may take: a few times the file, whatever the file asks for."""

    def __init__(self, file_size: int) -> None:
        self._left = 4 * file_size + 65536

    def spend(self, size: int) -> None:
        """Count a copy.

        Raises:
            ValueError: it would be one too many.
        """
        self._left -= size
        if self._left < 0:
            raise ValueError("it would grow to many times its own size")


@dataclass(eq=False)
class Call:
    """A name that a pickle may call; `run` takes the budget and the pickle's arguments."""

    run: Callable[..., object]


@dataclass(eq=False)
class Shell:
    """An array or dtype between its creation and the BUILD that says what it holds."""

    dtype: np.dtype[Any] | None = None
    memo_keys: list[int] = field(default_factory=list)


def allowed_call(module: str, name: str) -> Call | None:
    """The replacement of a global name, or None for a name that is not allowed."""
    return _ALLOWED.get((module.replace("numpy._core", "numpy.core"), name))


def built(shell: Shell, state: tuple[Any, ...], budget: Budget) -> object:
    """What a shell becomes when its state arrives: a dtype or an array."""
    if shell.dtype is not None:
        return _dtype_with_state(shell.dtype, state)
    _version, shape, dtype, fortran_order, content = state
    return _array(budget, content, dtype, shape, "F" if fortran_order else "C")


def as_key(value: object) -> Any:
    """A value that may be a key: its hash takes constant time, and cannot be chosen to collide.

    Raises:
        TypeError: another kind of value.
    """
    if value is None or type(value) in (str, bytes, bool) or (type(value) is int and abs(value) < MAX_KEY):
        return value
    raise TypeError(f"a {type(value).__name__} as a key")


def _dtype(_: Budget, name: object, *_flags: object) -> Shell:
    if not isinstance(name, str) or not _DTYPE.fullmatch(name):
        raise TypeError(f"dtype {str(name)[:20]!r}" if isinstance(name, str) else "a dtype that is not text")
    return Shell(dtype=np.dtype(name))


def _dtype_with_state(dtype: np.dtype[Any], state: tuple[Any, ...]) -> np.dtype[Any]:
    order, subarray = state[1], state[2:5]
    if order not in _BYTE_ORDERS or any(part is not None for part in subarray):
        raise TypeError("a structured dtype")
    return dtype if order in "|=" else dtype.newbyteorder(order)


def _array(budget: Budget, content: object, dtype: object, shape: object, order: object = "C") -> object:
    """An array over the bytes in the file: nothing is allocated, so no size can be claimed."""
    if not isinstance(dtype, np.dtype) or not isinstance(shape, tuple) or order not in ("C", "F"):
        raise TypeError("an array with an unknown dtype, shape or order")
    if len(shape) > 16 or not all(type(size) is int and 0 <= size < 2**48 for size in shape):
        raise ValueError("an array with an impossible shape")
    raw = _raw_bytes(budget, content)
    if len(raw) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"an array of {len(raw)} bytes that claims the shape {shape}")
    return np.frombuffer(raw, dtype=dtype).reshape(shape, order=order)


def _scalar(budget: Budget, dtype: object, content: object) -> object:
    if not isinstance(dtype, np.dtype):
        raise TypeError("a scalar with an unknown dtype")
    raw = _raw_bytes(budget, content)
    budget.spend(len(raw))
    return np.frombuffer(raw, dtype=dtype, count=1)[0]


def _raw_bytes(budget: Budget, content: object) -> bytes | bytearray:
    """Bytes; Python 2 wrote them as a string, which is latin-1 by now."""
    if isinstance(content, str):
        budget.spend(len(content))
        return content.encode("latin-1")
    if not isinstance(content, bytes | bytearray):
        raise TypeError("an array of objects")
    return content


def _encode(budget: Budget, text: object, encoding: object) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise TypeError("text in an unknown encoding")
    return bytes(_raw_bytes(budget, text))


def _empty_bytes(_: Budget) -> bytes:
    return b""


def _set(_: Budget, items: object) -> set[Any]:
    if not isinstance(items, list):
        raise TypeError("a set that is not made of a list")
    return set(map(as_key, items))


def _frozenset(budget: Budget, items: object) -> frozenset[Any]:
    return frozenset(_set(budget, items))


def _is_not_called(_: Budget, *_arguments: object) -> object:
    raise TypeError("numpy.ndarray called by itself")


_NDARRAY = Call(_is_not_called)


def _reconstruct(_: Budget, kind: object, _shape: object, _code: object) -> Shell:
    if kind is not _NDARRAY:
        raise TypeError("an array of another class")
    return Shell()


_ALLOWED = {
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): Call(_dtype),
    ("numpy.core.multiarray", "_reconstruct"): Call(_reconstruct),
    ("numpy.core.multiarray", "scalar"): Call(_scalar),
    ("numpy.core.numeric", "_frombuffer"): Call(_array),
    ("_codecs", "encode"): Call(_encode),
    **{(module, "bytes"): Call(_empty_bytes) for module in ("builtins", "__builtin__")},
    **{(module, "set"): Call(_set) for module in ("builtins", "__builtin__")},
    **{(module, "frozenset"): Call(_frozenset) for module in ("builtins", "__builtin__")},
}
