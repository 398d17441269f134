"""Read pickles of plain data without Python's unpickler: nothing that a pickle names is looked up or called.

The opcodes are those of Python's own `pickletools`. Only containers, text, numbers and numpy arrays can be
built; work and memory grow with the size of the file, whatever it claims: a memo index is a dict key, not an
array size, and no key of a dict or set can be a nest of tuples, whose hash would take exponential time.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import FormatError, SkelrepError, UnsafeFileError
from .pickled_calls import Budget, Call, Shell, allowed_call, as_key, built

_CONSTANTS: dict[str, Callable[[], object]] = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False,
    "EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple, "EMPTY_SET": set,
}  # fmt: skip
_TUPLE_SIZES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_IGNORED = ("PROTO", "FRAME")
_LITERALS = frozenset((
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
    "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8",
))  # fmt: skip


def load_pickle(path: Path) -> object:
    """Read a pickle of plain data: containers, text, bytes, numbers, None, numpy arrays and scalars.

    Args:
        path: of any protocol, also written by Python 2 (its byte strings become latin-1 text).

    Raises:
        UnsafeFileError: it would create or call anything else.
        FormatError: not a pickle, or cut short.
    """
    return loads_pickle(path.read_bytes(), str(path))


def loads_pickle(content: bytes, where: str = "pickle") -> object:
    """`load_pickle` of bytes.

    Example:
        >>> import pickle
        >>> loads_pickle(pickle.dumps((["a", "b"], [0, 1])))
        (['a', 'b'], [0, 1])
    """
    machine = _Machine(where, Budget(len(content)))
    try:
        for opcode, argument, _ in pickletools.genops(content):
            machine.step(opcode.name, argument)
    except SkelrepError:
        raise
    except (ValueError, LookupError, TypeError, OverflowError, DeprecationWarning) as error:
        # pickletools decodes text escapes, which warns of odd ones: an error under -W error.
        reason = str(error)[:100]
        raise FormatError(
            f"{where} is not a pickle of plain data, or is cut short ({reason}). Copy it again."
        ) from error
    return machine.result()


class _Machine:
    """The stack machine of the pickle format, on a stack of plain objects."""

    def __init__(self, where: str, budget: Budget) -> None:
        self._where, self._budget = where, budget
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: dict[int, object] = {}
        self._done: list[object] = []
        self._handlers: dict[str, Callable[[Any], None]] = {
            "MARK": self._mark, "POP": self._pop, "POP_MARK": self._pop_mark,
            "DUP": lambda _: self._push(self._stack[-1]),
            "LIST": lambda _: self._push(self._since_mark()),
            "TUPLE": lambda _: self._push(tuple(self._since_mark())),
            "DICT": lambda _: self._push(_pairs(self._since_mark())),
            "FROZENSET": lambda _: self._push(frozenset(map(as_key, self._since_mark()))),
            "APPEND": lambda _: self._extend([self._stack.pop()]),
            "APPENDS": lambda _: self._extend(self._since_mark()),
            "SETITEM": lambda _: self._update([self._stack.pop(-2), self._stack.pop()]),
            "SETITEMS": lambda _: self._update(self._since_mark()),
            "ADDITEMS": self._add_items,
            "PUT": self._put, "BINPUT": self._put, "LONG_BINPUT": self._put,
            "MEMOIZE": lambda _: self._put(len(self._memo)),
            "GET": self._get, "BINGET": self._get, "LONG_BINGET": self._get,
            "GLOBAL": lambda name: self._global(*name.split(" ", 1)),
            "STACK_GLOBAL": self._stack_global, "REDUCE": self._reduce, "BUILD": self._build,
            "STOP": lambda _: self._done.append(self._stack.pop()),
        }  # fmt: skip

    def step(self, name: str, argument: Any) -> None:
        if name in _LITERALS:
            self._push(argument)
        elif name in self._handlers:
            self._handlers[name](argument)
        elif name in _CONSTANTS:
            self._push(_CONSTANTS[name]())
        elif name in _TUPLE_SIZES:
            size = _TUPLE_SIZES[name]
            if len(self._stack) < size:
                raise ValueError("the stack is too short")
            self._stack[-size:] = [tuple(self._stack[-size:])]
        elif name not in _IGNORED:
            self._refuse(f"uses the opcode {name}")

    def result(self) -> object:
        if len(self._done) != 1 or isinstance(self._done[0], Call | Shell):
            raise FormatError(f"{self._where} is a pickle without a value. Copy it again.")
        return self._done[0]

    def _refuse(self, what: str) -> None:
        raise UnsafeFileError(
            f"{self._where} {what}, which can run code when loaded; nothing was run. Only "
            "lists, tuples, dicts, sets, text, numbers and numpy arrays are read: save it again with these."
        )

    def _push(self, value: object) -> None:
        self._stack.append(value)

    def _pop(self, _: None) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._since_mark()

    def _pop_mark(self, _: None) -> None:
        self._since_mark()

    def _mark(self, _: None) -> None:
        self._marks.append(self._stack)
        self._stack = []

    def _since_mark(self) -> list[Any]:
        items, self._stack = self._stack, self._marks.pop()
        return items

    def _put(self, index: int) -> None:
        value = self._memo[index] = self._stack[-1]
        if isinstance(value, Shell):
            value.memo_keys.append(index)

    def _get(self, index: int) -> None:
        self._push(self._memo[index])

    def _extend(self, items: list[Any]) -> None:
        _expect(self._stack[-1], list).extend(items)

    def _update(self, items: list[Any]) -> None:
        _expect(self._stack[-1], dict).update(_pairs(items))

    def _add_items(self, _: None) -> None:
        items = self._since_mark()
        _expect(self._stack[-1], set).update(map(as_key, items))

    def _stack_global(self, _: None) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._global(_expect(module, str), _expect(name, str))

    def _global(self, module: str, name: str) -> None:
        call = allowed_call(module, name)
        if call is None:
            self._refuse(f"asks for {module[:80]}.{name[:80]}")
        self._push(call)

    def _reduce(self, _: None) -> None:
        arguments, call = _expect(self._stack.pop(), tuple), _expect(self._stack.pop(), Call)
        self._push(call.run(self._budget, *arguments))

    def _build(self, _: None) -> None:
        state, shell = self._stack.pop(), _expect(self._stack.pop(), Shell)
        value = built(shell, _expect(state, tuple), self._budget)
        for index in shell.memo_keys:
            self._memo[index] = value
        self._push(value)


def _expect(value: Any, kind: type) -> Any:
    """The opcode can only follow a value of this very type; anything else would dispatch to foreign
    methods."""
    if type(value) is not kind:
        raise TypeError(f"{type(value).__name__} found where {kind.__name__} should be")
    return value


def _pairs(items: list[Any]) -> dict[Any, Any]:
    if len(items) % 2:
        raise ValueError("a key without a value")
    return {as_key(key): value for key, value in zip(items[::2], items[1::2], strict=True)}
