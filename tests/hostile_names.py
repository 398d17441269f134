"""Names that try to be more than names, and a page of clips that are called so."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

import skelrep
from skelrep.demo import demo_action_names, load_demo_clips

HOSTILE = (
    "<script>document.title='owned'</script>",
    "</script><script>document.title='owned'</script>",
    "<!--<script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\"'`&amp;\\u003cb\\u003e${1}",
    "]]>*/-->",
    "line\u2028paragraph\u2029end\r\nnext\0zero",
    "\u202egnp.\u2066exe",
    "עברית ‏العربية",
    "lone \ud800 half",
    "<!-- part: script -->",
    "__proto__",
    "long " + "x" * 10_000,
)


def write_page(path: Path, names: tuple[str, ...] = HOSTILE) -> list[str]:
    """An atlas of the demo's clips, whose first ones and their labels are called by these names."""
    clips = load_demo_clips()
    known = [*names, *(clip.name for clip in clips[len(names) :])]
    actions = demo_action_names()
    labels = [*names, *(actions[clip.label or 0] for clip in clips[len(names) :])]
    renamed = [dataclasses.replace(clip, name=name) for clip, name in zip(clips, known, strict=True)]
    vectors = np.random.default_rng(0).normal(size=(len(clips), 8))
    fields = {"label": labels, "<b>field</b>": [None, *labels[1:]]}
    skelrep.atlas(
        renamed, path, vectors=vectors, fields=fields, title="</title><script>1</script>", projection="pca"
    )
    return known
