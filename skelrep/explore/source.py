"""Clips, and what is known of each: its label, its subject, its file, and whatever else lies beside it.

A field is what the map can be coloured by: a name, and for each clip a text, or None where it is not known.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from ..clips import Clip
from ..config import Recipe
from ..errors import ConfigError
from ..read import as_clips, parse_ntu_name
from ..read.files import iter_sources
from ..read.npy import open_npz
from ..read.sources import is_list_of_sources
from ..record import short

Field = list[str | None]
GivenField = Iterable[object] | Mapping[str, object]

LABEL, CLUSTER, SUBJECT, FILE = "label", "cluster", "subject", "file"
LABELS_KEY = "action"  # of a ragged archive; docs/data.md
SHOWN_FIRST = (LABEL, CLUSTER, SUBJECT, FILE)


def gather_clips(clips: object, recipe: Recipe) -> tuple[Sequence[Clip], dict[str, Field]]:
    """Clips, and the fields that are found with them.

    Args:
        clips: anything `as_clips` takes.
        recipe: how files are read.

    Returns:
        the clips, and by name those fields of which at least one clip has a value. A file or folder gives
        ``label``, ``subject`` (NTU names, archives), ``file`` (where there are several), and every
        array of an archive that comes with ``<name>_names``.

    Raises:
        ShapeError, InvalidClipError, FormatError, ClipsNotFoundError: of a clip or file.

    Example:
        >>> from skelrep.demo.archive import ARCHIVE
        >>> clips, fields = gather_clips(ARCHIVE, "fixed")
        >>> sorted(fields), fields["label"][0], fields["subject"][0]
        (['label', 'subject'], 'deep squat', 's01')
    """
    if not _is_path(clips) and not (is_list_of_sources(clips) and any(map(_is_path, _items(clips)))):
        known = as_clips(clips, recipe=recipe)
        return known, _present(_own_fields(known))
    found: list[Clip] = []
    parts: list[tuple[int, dict[str, Field]]] = []
    for source, some in iter_sources(clips, recipe=recipe):
        found += as_clips(some, recipe=recipe)
        of_file: dict[str, Field] = {FILE: [short_path(source, clips)] * len(some)}
        parts.append((len(some), _own_fields(some) | of_file | archive_fields(Path(source), len(some))))
    fields = _joined(parts)
    if len(set(fields.get(FILE, []))) < 2:
        fields.pop(FILE, None)
    return found, fields


def check_fields(fields: Mapping[str, GivenField], names: Sequence[str]) -> dict[str, Field]:
    """Fields that a person gives, as text.

    Args:
        fields: by name, either one value a clip, or values by the names of clips.
        names: of the clips.

    Raises:
        ConfigError: not one value a clip, or no name that a clip has.

    Example:
        >>> check_fields({"age": [31, None], "who": {"b": "Ann"}}, ["a", "b"])
        {'age': ['31', None], 'who': [None, 'Ann']}
    """
    return {str(key): _values_of(str(key), given, names) for key, given in fields.items()}


def _values_of(key: str, given: GivenField, names: Sequence[str]) -> Field:
    if isinstance(given, Mapping):
        if not any(name in given for name in names):
            raise ConfigError(
                f"fields[{key!r}] names none of the {len(names)} clips; expected names such as "
                f"{short(names[0])}."
            )
        given = [given.get(name) for name in names]
    texts = [None if value is None else str(value) for value in given]
    if len(texts) != len(names):
        raise ConfigError(
            f"fields[{key!r}] has {len(texts)} values; expected {len(names)}, one a clip, None where not "
            "known."
        )
    return texts


def in_order(fields: Mapping[str, Field]) -> dict[str, Field]:
    """Label, cluster, subject, file, and then the others as they come."""
    first = {name: fields[name] for name in SHOWN_FIRST if name in fields}
    return first | dict(fields)


def archive_fields(path: Path, count: int) -> dict[str, Field]:
    """What a ragged archive says of its clips: arrays of numbers `x` with their texts `x_names`."""
    if path.suffix.lower() != ".npz" or not path.is_file():
        return {}
    with open_npz(path) as archive:
        pairs = [key for key in archive.keys if f"{key}_names" in archive.keys]
        fields = {key: _named(archive.read(key), archive.read(f"{key}_names"), count) for key in pairs}
    return {LABEL if key == LABELS_KEY else key: field for key, field in fields.items() if field}


def short_path(source: str, root: object) -> str:
    """A file's path as seen from the folder that was asked for."""
    path = Path(source)
    if isinstance(root, str | os.PathLike) and Path(os.fsdecode(root)) in path.parents:
        return str(path.relative_to(os.fsdecode(root)))
    return path.name


def _own_fields(clips: Iterable[Clip]) -> dict[str, Field]:
    labels: Field = []
    subjects: Field = []
    for clip in clips:
        ntu = parse_ntu_name(clip.name)
        labels.append(None if clip.label is None else str(clip.label))
        subjects.append(None if ntu is None else f"P{ntu.performer:03d}")
    return {LABEL: labels, SUBJECT: subjects}


def _named(numbers: np.ndarray, names: np.ndarray, count: int) -> Field:
    """Texts of the numbers; none at all where they do not fit the clips."""
    fits = numbers.shape == (count,) and numbers.dtype.kind in "iu" and names.dtype.kind == "U"
    if not fits or names.ndim != 1:
        return []
    return [str(names[n]) if 0 <= n < len(names) else None for n in numbers.tolist()]


def _joined(parts: Sequence[tuple[int, dict[str, Field]]]) -> dict[str, Field]:
    names = dict.fromkeys(name for _, fields in parts for name in fields)
    nothing: dict[str, Field] = {}
    for name in names:
        nothing[name] = [v for count, fields in parts for v in fields.get(name) or [None] * count]
    return _present(nothing)


def _present(fields: Mapping[str, Field]) -> dict[str, Field]:
    return {name: values for name, values in fields.items() if any(v is not None for v in values)}


def _is_path(value: object) -> bool:
    return isinstance(value, str | os.PathLike)


def _items(clips: object) -> Iterable[object]:
    return clips if isinstance(clips, list | tuple) else ()
