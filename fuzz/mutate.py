"""Change bytes and text at random: flips, cuts, copies, splices, and numbers and words that hurt.

Every choice comes from the `random.Random` that is passed in, so that an input is known by its number.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

MAX_SIZE = 1 << 16  # bytes of an input; what it makes a reader do must not depend on what it claims
GROWTH = 2  # a seed larger than half of that may grow so many times: cut at once, its end would never be read

NUMBERS = [
    b"0", b"-1", b"1", b"2", b"25", b"1000000000", b"2147483648", b"4294967295", b"9223372036854775808",
    b"1000000000000000000000000000000", b"9" * 5000, b"-0.0", b"0.5", b"1e308", b"-1e308", b"1e999",
    b"-1e999",
    b"1e-320", b"nan", b"inf", b"-inf", b"NaN", b"Infinity", b"1_0", b"0x10", b"1e", b"", b"--1", b"1.5.2",
    "\u0663".encode(), "\uff11".encode(), b"1e40", b"3.5e38", b"16777217", b"true", b"null", b"None",
]  # fmt: skip
WORDS = [
    b"", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\x1b]0;owned\x07\x1b[2J",
    b"A" * 3000,
    b"../../../../etc/passwd", b"/etc/passwd", b"..", b"%s%n", b"{0.__class__}",
    "\u202e\u2028\u0000".encode(),
    b"__class__", b"__proto__", b"\r\n", b"\n", b"\"", b"'", b",", b";", b"\t", b"[" * 3000, b"{" * 1000,
    b"[]", b"{}", b"()", b"nan", b"\xc3\xa9", "\U0001f480".encode(),
]  # fmt: skip
_NUMBER = re.compile(rb"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
_WORD = re.compile(rb"[A-Za-z_][A-Za-z_0-9]*")

Mutator = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def flip_bits(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """One to eight bits."""
    out = bytearray(data)
    for _n in range(rng.randint(1, 8) if out else 0):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def set_bytes(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """A few bytes in a row become 0, 255, or anything."""
    start, size = _part(rng, data, 8)
    new = rng.choice([b"\0" * size, b"\xff" * size, rng.randbytes(size), b"\x7f" + b"\xff" * size][:4])
    return data[:start] + new[:size] + data[start + size :]


def cut_short(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """The end is lost, or the beginning."""
    at = rng.randrange(len(data) + 1)
    return data[:at] if rng.random() < 0.8 else data[at:]


def drop_part(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """A part is lost."""
    start, size = _part(rng, data, 400)
    return data[:start] + data[start + size :]


def repeat_part(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """A part comes several times."""
    start, size = _part(rng, data, 400)
    return data[:start] + data[start : start + size] * rng.choice([2, 3, 50]) + data[start + size :]


def insert_word(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Something that hurts, anywhere."""
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(WORDS + NUMBERS) + data[at:]


def splice(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """The beginning of this file and the end of another."""
    other = rng.choice(others)
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def replace_number(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """A number of the text becomes an extreme one."""
    return _replace(rng, data, _NUMBER, NUMBERS)


def replace_word(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """A word of the text becomes another."""
    return _replace(rng, data, _WORD, WORDS)


def change_lines(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Lines are lost, doubled, exchanged, or come from another file."""
    lines = data.split(b"\n")
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            del lines[min(a, b) : max(a, b) + rng.randrange(2)]
        case 1:
            lines[a:a] = lines[a : a + rng.randint(1, 5)] * rng.choice([1, 2, 200])
        case 2:
            lines[a], lines[b] = lines[b], lines[a]
        case _:
            lines[a] = rng.choice(rng.choice(others).split(b"\n"))
    return b"\n".join(lines)


BYTES: tuple[Mutator, ...] = (flip_bits, set_bytes, cut_short, drop_part, repeat_part, insert_word, splice)
TEXT: tuple[Mutator, ...] = (
    *BYTES,
    replace_number,
    replace_number,
    replace_number,
    replace_word,
    change_lines,
)


def stacked(rng: random.Random, data: bytes, mutators: Sequence[Mutator], others: Sequence[bytes]) -> bytes:
    """One to four changes, one after another, within `MAX_SIZE` or twice the size at the beginning."""
    limit = max(MAX_SIZE, GROWTH * len(data))
    for _ in range(rng.choice([1, 1, 2, 4])):
        data = rng.choice(mutators)(rng, data, others)[:limit]
    return data


def _part(rng: random.Random, data: bytes, longest: int) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, rng.randint(0, min(longest, len(data) - start))


def _replace(rng: random.Random, data: bytes, pattern: re.Pattern[bytes], by: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    # The next one from a random place on: searching all of a large text would cost more than reading it.
    match = pattern.search(data, at) or pattern.search(data)
    return data if match is None else data[: match.start()] + rng.choice(by) + data[match.end() :]
