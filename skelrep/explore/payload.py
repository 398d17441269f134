"""What the page is told, as plain JSON: names, fields, places, neighbours, and how motions are packed.

Arrays are base64 of little-endian numbers; `web/data.js` reads them. Motions stay outside of the JSON.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..layout import ANATOMY, ANATOMY_ORDER, HEAD, JOINT_NAMES
from .motion import FloatArray
from .pack import CLIPS_A_SHELF, Shelves
from .source import Field

FORMAT_VERSION = 1
LARGEST_UINT16, LARGEST_INT16 = 65_535, 32_767


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Everything that an atlas shows.

    Attributes:
        title: above the map.
        map_name: how the map was made, in words.
        names: of the clips.
        fields: what the map can be coloured by; the first is shown.
        places: float64 (N, 2), in [0, 1].
        neighbours: int64 (N, top_k), nearest first.
        cosines: float32 (N, top_k).
        motions: of the clips.
    """

    title: str
    map_name: str
    names: Sequence[str]
    fields: Mapping[str, Field]
    places: FloatArray
    neighbours: NDArray[np.int64]
    cosines: NDArray[np.float32]
    motions: Shelves


def payload(contents: Contents) -> dict[str, Any]:
    """The contents as plain JSON types."""
    shelves = contents.motions
    return {
        "version": FORMAT_VERSION,
        "title": contents.title,
        "mapName": contents.map_name,
        "names": list(contents.names),
        "fields": [field_payload(name, values) for name, values in contents.fields.items()],
        "places": numbers(np.rint(contents.places * LARGEST_UINT16), "<u2"),
        "neighbours": {
            "topK": contents.neighbours.shape[1],
            "rows": numbers(contents.neighbours, "<u4"),
            "cosines": numbers(np.rint(contents.cosines * LARGEST_INT16), "<i2"),
        },
        "motions": {
            "clipsAShelf": CLIPS_A_SHELF,
            "order": numbers(shelves.order, "<u4"),
            "samples": numbers(shelves.samples, "<u2"),
            "bodies": numbers(shelves.bodies, "<u1"),
            "steps": numbers(shelves.steps, "<f4"),
            "seconds": numbers(shelves.seconds, "<f4"),
        },
        "skeleton": {
            "parents": list(ANATOMY),
            "order": list(ANATOMY_ORDER),
            "head": HEAD,
            "sides": [side(name) for name in JOINT_NAMES],
        },
    }


def field_payload(name: str, values: Field) -> dict[str, Any]:
    """A field as its distinct texts, the most frequent first, and for each clip the number of its text.

    Example:
        >>> field = field_payload("who", ["b", None, "b", "a"])
        >>> field["texts"], np.frombuffer(base64.b64decode(field["codes"]), "<i4").tolist()
        (['b', 'a'], [0, -1, 0, 1])
    """
    counts: dict[str, int] = {}
    for value in values:
        if value is not None:
            counts[value] = counts.get(value, 0) + 1
    texts = sorted(counts, key=lambda text: (-counts[text], text))
    code = {text: n for n, text in enumerate(texts)}
    codes = [-1 if value is None else code[value] for value in values]
    return {"name": name, "texts": texts, "codes": numbers(np.array(codes), "<i4")}


def side(joint: str) -> str:
    """The side of the body that a joint is on.

    Example:
        >>> side("HandLeft"), side("Neck")
        ('left', 'middle')
    """
    return "left" if joint.endswith("Left") else "right" if joint.endswith("Right") else "middle"


def numbers(values: NDArray[Any], dtype: str) -> str:
    """Numbers as base64."""
    return base64.b64encode(values.astype(dtype).tobytes()).decode("ascii")
