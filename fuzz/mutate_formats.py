"""Changes that keep a format's frame whole, so that what lies behind it is reached: JSON, zip, pickle,
.npy."""

from __future__ import annotations

import contextlib
import copy
import functools
import hashlib
import io
import json
import pickletools
import random
import re
import struct
import zipfile
from collections.abc import Sequence
from typing import Any

from .mutate import BYTES, TEXT, Mutator, flip_bits, set_bytes, stacked

JSON_VALUES: list[Any] = [
    None, True, False, 0, -1, 25, 10**9, 2**63, 10**30, 10**400, -0.0, 0.5, 1e308, float("nan"), float("inf"),
    "", "x", "\ud800", "\x1b[2J\x07", "A" * 3000, "../../etc/passwd", [], {}, [[]], [[[]]], [0], [None] * 50,
    {"x": 1, "y": 2, "z": 3}, [{"x": 1, "y": 2, "z": 3}] * 33, {"bodies": []}, {"people": []},
    [[0.0] * 3] * 25,
]  # fmt: skip
HOSTILE_OPCODES = [
    b"cos\nsystem\n(S'touch owned'\ntR", b"cbuiltins\neval\n(S'1'\ntR", b"(i__main__\nx\n",
    b"cposix\nsystem\n",
    b"cnumpy\nload\n", b"c_codecs\nencode\n", b"cnumpy\ndtype\n", b"cnumpy.core.multiarray\n_reconstruct\n",
    b"cnumpy.core.multiarray\nscalar\n", b"cnumpy.core.numeric\n_frombuffer\n", b"cbuiltins\nset\n", b"\x81",
    b"\x82\x01", b"Pid\n", b"Q", b"R", b"b", b"2" * 50, b"((((", b"]" * 50, b"}" * 50, b"\x86" * 40,
    b"\x85" * 900,
    b"r\xff\xff\xff\x7f", b"j\x00\x00\x00\x00", b"h\x00", b"q\x00", b"\x94", b"e", b"u", b"s", b"a", b"t",
    b"l",
    b"0", b"1", b".", b"K\x05", b"J\xff\xff\xff\xff", b"\x8a\xff" + b"\x7f" * 255, b"G\x7f\xf0" + b"\0" * 6,
    b"N",
    b"I1000000000\n", b"L" + b"9" * 4400 + b"L\n", b"F1e999\n", b"S'\\xff'\n", b"V\\ud800\n", b"\x8c\x03abc",
    b"X\xff\xff\xff\x7f", b"\x8b\x10\x00\x00\x00", b"\x96\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\x95" + b"\xff" * 8,
]  # fmt: skip
NPY_DESCR = [
    b"'<f4'", b"'<f8'", b"'|O'", b"'<U4'", b"'|V8'", b"'<M8[s]'", b"'|S0'", b"'<f2'", b"'>i8'", b"'|b1'",
    b"'<c16'", b"'<U1000000'", b"'<f99'", b"[('a', '<f4')]", b"'|u1'", b"'<f16'", b"'<i3'",
]  # fmt: skip
_DIGEST = re.compile(rb'("content_sha256": ?")[0-9a-f]{64}')
METHODS = [zipfile.ZIP_STORED] * 3 + [zipfile.ZIP_DEFLATED]
NPY_SIZES = [b"0", b"1", b"2", b"3", b"17", b"25", b"33", b"1000000000", b"999999999999999999", b"300", b"-1"]


def change_json(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A value of the tree is replaced, repeated, dropped or nested; text that is no JSON changes as text."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return stacked(rng, data, TEXT, others)
    for _ in range(rng.choice([1, 1, 3])):
        tree = _change_tree(rng, tree)
    with contextlib.suppress(ValueError, RecursionError):  # 10**400 has too many digits for some
        return json.dumps(tree).encode()
    return data


def _change_tree(rng: random.Random, tree: Any) -> Any:
    parent, key, node = None, None, tree
    while isinstance(node, list | dict) and node and rng.random() < 0.85:
        parent, key = node, rng.choice(list(node) if isinstance(node, dict) else range(len(node)))
        node = parent[key]  # type: ignore[index]
    new = _changed(rng, node)
    if parent is None:
        return new
    if rng.random() < 0.15:
        del parent[key]  # type: ignore[attr-defined]
    elif rng.random() < 0.1 and isinstance(parent, dict):
        parent[rng.choice(["people", "frames", "bodies", "keypoints", "fps", "label", "names", "x", ""])] = (
            new
        )
    else:
        parent[key] = new  # type: ignore[index]
    return tree


def _changed(rng: random.Random, node: Any) -> Any:
    match rng.randrange(5):
        case 0 if isinstance(node, list) and node:
            return copy.deepcopy(node * rng.choice([2, 20]))
        case 1 if isinstance(node, list):
            return node[: rng.randrange(len(node) + 1)]
        case 2:
            return [node]
        case 3 if isinstance(node, float) or (isinstance(node, int) and abs(node) < 2**60):
            return node * rng.choice([1e300, -1, 0, 1000, 1e-300])
        case _:
            return copy.deepcopy(rng.choice(JSON_VALUES))  # it may be changed, too


def change_zip(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A member is changed within, renamed, doubled, or stored in another way; else the bytes change."""
    if rng.random() < 0.3:
        return stacked(rng, data, BYTES, others)
    members = list(_members(data))
    if not members:
        return stacked(rng, data, BYTES, others)
    place = rng.randrange(len(members))
    name, content = members[place]
    match rng.randrange(6):
        case 0:
            members.append((name, content))
        case 1:
            other = rng.choice(
                ["../x.npy", "/etc/x.npy", "", "x", "x_train.npy", "dq.npy", "a/b.npy", "\x1b.npy"]
            )
            members[place] = (other, content)
        case 2:
            del members[place]
        case _:
            members[place] = (name, _inner(rng, name, content, [c for _, c in members]))
    return _zipped(rng, members)


@functools.lru_cache(maxsize=32)  # the seeds, which come again and again
def _members(data: bytes) -> tuple[tuple[str, bytes], ...]:
    """Names and contents; none where the changes before this one left no archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return tuple((name, archive.read(name)) for name in archive.namelist())
    except Exception:  # damage shows in as many ways as there are bytes
        return ()


def _inner(rng: random.Random, name: str, content: bytes, others: Sequence[bytes]) -> bytes:
    if content[:6] == b"\x93NUMPY":
        return change_npy(rng, content, others)
    return (
        change_pickle(rng, content, others) if name.endswith(".pkl") else stacked(rng, content, BYTES, others)
    )


def _zipped(rng: random.Random, members: Sequence[tuple[str, bytes]]) -> bytes:
    """All members in one way, but one of them; each name once."""
    links = [0, 0, 0o120777 << 16]
    usual = rng.choice(METHODS), rng.choice(links)
    special = rng.choice([*METHODS, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]), rng.choice(links)
    place = rng.randrange(len(members) + 1)
    body, directory = bytearray(), bytearray()
    kept = list({name or "_": (name or "_", content) for name, content in members}.values())
    for number, (name, content) in enumerate(kept):
        record, before, after = _record(name, content, *(special if number == place else usual))
        directory += before + struct.pack("<L", len(body)) + after
        body += record
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(kept), len(kept), len(directory), len(body), 0)
    return bytes(body + directory + end)


@functools.lru_cache(maxsize=2048)
def _record(name: str, content: bytes, method: int, attributes: int) -> tuple[bytes, bytes, bytes]:
    """A member, and its entry in the directory before and after the place that it has in the archive."""
    info, buffer = zipfile.ZipInfo(name), io.BytesIO()
    info.external_attr = attributes
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, content, method)
    whole = buffer.getvalue()
    start, end = int.from_bytes(whole[-6:-2], "little"), len(whole) - 22
    return whole[:start], whole[start : start + 42], whole[start + 46 : end]


def change_npy(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """The text of the head changes and its length stays right; or the bytes change."""
    if data[:6] != b"\x93NUMPY" or len(data) < 12 or rng.random() < 0.3:
        return stacked(rng, data, BYTES, others)
    width = 2 if data[6] == 1 else 4
    length = int.from_bytes(data[8 : 8 + width], "little")
    head, body = data[8 + width : 8 + width + length], data[8 + width + length :]
    match rng.randrange(4):
        case 0:
            head = re.sub(
                rb"'descr': [^ ]+,", lambda _: b"'descr': " + rng.choice(NPY_DESCR) + b",", head, count=1
            )
        case 1:
            sizes = [rng.choice(NPY_SIZES) for _ in range(rng.randrange(7))]
            head = re.sub(rb"\([^)]*\)", lambda _: b"(" + b", ".join(sizes) + b",)", head, count=1)
        case 2:
            head = re.sub(rb"True|False", lambda _: rng.choice([b"True", b"False", b"2"]), head, count=1)
        case _:
            head = stacked(rng, head, TEXT, [head])
    return data[:8] + min(len(head), 65535).to_bytes(width, "little") + head + body


def change_pickle(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Whole opcodes are dropped, doubled, exchanged, or put in from elsewhere; or the bytes change."""
    places = []
    with contextlib.suppress(Exception):  # the changes before this one may have left any opcode half
        places = [position for _, _, position in pickletools.genops(data) if position is not None]
    if len(places) < 3 or rng.random() < 0.25:
        return stacked(rng, data, BYTES, others)
    a, b = sorted(rng.sample(places, 2))
    match rng.randrange(5):
        case 0:
            return data[:a] + data[b:]
        case 1:
            return data[:b] + data[a:b] * rng.choice([1, 30]) + data[b:]
        case 2:
            return data[:a] + rng.choice(HOSTILE_OPCODES) + data[b:]
        case 3:
            other = rng.choice(others)
            return data[:a] + other[rng.randrange(len(other) + 1) :] + data[b:]
        case _:
            return data[:a] + rng.choice(HOSTILE_OPCODES) + data[a:]


def change_safetensors(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """The JSON head changes and its length stays right, or the numbers do; or the bytes change.

    Half of the times the digest in the head is that of the new numbers, so that they are looked at.
    """
    if len(data) < 8 or rng.random() < 0.2:
        return stacked(rng, data, BYTES, others)
    (length,) = struct.unpack("<Q", data[:8])
    head, body = data[8 : 8 + length], data[8 + length :]
    match rng.randrange(5):
        case 0 | 1:
            head = change_json(rng, head, [head])
        case 2:
            head = stacked(rng, head, TEXT, [head])
        case 3:
            body = stacked(rng, body, (flip_bits, set_bytes), [body])  # of the same length
        case _:
            body = stacked(rng, body, BYTES, [body])
    if rng.random() < 0.5:
        head = _DIGEST.sub(lambda found: found[1] + hashlib.sha256(body).hexdigest().encode(), head)
    return len(head).to_bytes(8, "little") + head + body


KINDS: dict[str, tuple[Mutator, ...]] = {
    "bytes": BYTES,
    "text": TEXT,
    "json": (*TEXT, *(change_json,) * 8),
    "zip": (change_zip,),
    "npy": (change_npy,),
    "pickle": (change_pickle,),
    "safetensors": (change_safetensors,),
}
