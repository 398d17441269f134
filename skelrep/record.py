"""Frozen records with strict fields: an unknown name or a wrong type is an error that says what was meant."""

from __future__ import annotations

import dataclasses
import difflib
import sys
import typing
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

from .errors import ConfigError

_LARGEST = sys.float_info.max


class Record:
    """Base of the frozen configuration dataclasses: to and from plain JSON types."""

    def to_dict(self) -> dict[str, Any]:
        """The record as plain JSON types; nested records become mappings, tuples lists."""
        return {f.name: _to_plain(getattr(self, f.name)) for f in dataclasses.fields(typing.cast(Any, self))}

    @classmethod
    def from_dict(cls, data: object, where: str = "config") -> Self:
        """Read a record strictly; missing fields take their default.

        Args:
            data: a mapping with fields of this record.
            where: how to call the mapping in an error.

        Raises:
            ConfigError: an unknown field (with its closest match), or a value of the wrong type or range.
        """
        if not isinstance(data, Mapping):
            raise ConfigError(f"{where} is {short(data)}; expected a mapping with fields of {cls.__name__}.")
        hints = get_type_hints(cls)
        known = [f.name for f in dataclasses.fields(typing.cast(Any, cls))]
        for name in data:
            if name not in known:
                raise ConfigError(f"{where} has an unknown field {short(name)}. {_closest(str(name), known)}")
        return cls(**{n: _coerce(hints[n], data[n], f"{where}.{n}") for n in known if n in data})


def unique_fields(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """For `json.loads(object_pairs_hook=...)`: a mapping, of which nobody can say that it was read otherwise.

    Raises:
        ValueError: a field is given twice.
    """
    data = dict(pairs)
    if len(data) < len(pairs):
        raise ValueError("a field is given twice")
    return data


def check_fields(
    record: Record, *, positive: tuple[str, ...] = (), non_negative: tuple[str, ...] = ()
) -> None:
    """Raise `ConfigError` unless every field has its annotated type, and the named ones their sign."""
    hints = get_type_hints(type(record))
    for name, hint in hints.items():
        value = getattr(record, name)
        where = f"{type(record).__name__}.{name}"
        if not _matches(hint, value):
            raise ConfigError(f"{where} is {short(value)}; expected {_describe(hint)}.")
        if name in positive and not value > 0:
            raise ConfigError(f"{where} is {short(value)}; expected a number above 0.")
        if name in non_negative and not value >= 0:
            raise ConfigError(f"{where} is {short(value)}; expected 0 or more.")


def listed(names: Iterable[str], limit: int) -> str:
    """Names as an error lists them: some of them, no name and no list too long."""
    some = [name if len(name) <= 160 else name[:157] + "..." for name in islice(names, limit + 1)]
    text = ", ".join(some[:limit]) + (", ..." if len(some) > limit else "")
    return text if len(text) <= 1500 else text[:1497] + "..."


def _to_plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_dict()
    return [_to_plain(item) for item in value] if isinstance(value, tuple) else value


def _coerce(hint: Any, value: object, where: str) -> object:
    """JSON has no tuples, and nests records as mappings."""
    if isinstance(hint, type) and issubclass(hint, Record):
        return hint.from_dict(value, where)
    if get_origin(hint) is tuple and isinstance(value, list):
        item = get_args(hint)[0]
        return tuple(_coerce(item, one, f"{where}[{place}]") for place, one in enumerate(value))
    return value


def _closest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Known fields: {', '.join(known)}."


def _matches(hint: Any, value: object) -> bool:
    origin = get_origin(hint)
    if origin is Literal:
        return isinstance(value, str) and value in get_args(hint)
    if origin is tuple:
        return isinstance(value, tuple) and all(_matches(get_args(hint)[0], item) for item in value)
    if origin is dict:
        key, item = get_args(hint)
        return isinstance(value, dict) and all(
            _matches(key, k) and _matches(item, v) for k, v in value.items()
        )
    if hint is float:
        # Not math.isfinite, which cannot take an integer beyond all floats; 1e400 in JSON is infinity.
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)


def _describe(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(map(repr, get_args(hint)))
    if get_origin(hint) is tuple:
        return f"a sequence, each {_describe(get_args(hint)[0])}"
    if get_origin(hint) is dict:
        return f"a mapping, each {_describe(get_args(hint)[1])}"
    return f"a value of type {getattr(hint, '__name__', hint)}"


def short(value: object) -> str:
    """A value as an error quotes it: a file's field may be as long as the file."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
