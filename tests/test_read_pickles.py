"""Pickles: plain data round trips from every protocol; nothing is ever run; nothing hangs or grows."""

import collections
import io
import os
import pickle
import struct
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelrep.errors import FormatError, SkelrepError, UnsafeFileError
from skelrep.read.pickles import load_pickle, loads_pickle

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
KEYS = st.one_of(st.text(), st.integers(-(2**40), 2**40), st.binary(), st.booleans(), st.none())
PLAIN = st.recursive(
    st.one_of(KEYS, st.floats(allow_nan=False), st.integers(), st.sets(KEYS), st.frozensets(KEYS)),
    lambda inner: st.one_of(st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(KEYS, inner)),
    max_leaves=10,
)


@settings(max_examples=60, deadline=None)
@given(value=PLAIN, protocol=st.sampled_from(PROTOCOLS))
def test_plain_data_round_trips(value, protocol):
    assert loads_pickle(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.zeros((0, 3),
        np.float32),
        np.array(["a", "bcd"]), np.array([b"a", b"bc"]), np.array([True, False]), np.array(3.5),
        np.arange(4, dtype=">i2"), np.arange(300, dtype=np.uint16), np.arange(3, dtype=np.float16),
    ],
)  # fmt: skip
def test_arrays_round_trip(array, protocol):
    shared = (["x"], [array, array, array.dtype])
    loaded = loads_pickle(pickle.dumps(shared, protocol))
    np.testing.assert_array_equal(loaded[1][0], array)
    assert loaded[1][0].dtype == loaded[1][2] == array.dtype
    assert loaded[1][0] is loaded[1][1]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("scalar", [np.int64(-5), np.float32(0.5), np.bool_(True), np.str_("abc")])
def test_numpy_scalars_round_trip(scalar, protocol):
    loaded = loads_pickle(pickle.dumps([scalar, scalar], protocol))
    assert loaded == [scalar, scalar]
    assert type(loaded[0]) is type(scalar)


def test_module_names_of_numpy_1():
    content = pickle.dumps(np.arange(3), 4).replace(
        b"\x8c\x16numpy._core.multiarray", b"\x8c\x15numpy.core.multiarray"
    )
    assert b"numpy.core.multiarray" in content
    assert loads_pickle(content[:2] + content[11:]).tolist() == [
        0,
        1,
        2,
    ]  # without its frame, whose length changed


def test_pickles_of_python_2():
    text = b"\x80\x02]q\x00(U\x03abcq\x01U\x02\xe9xq\x02K\x05e."
    assert loads_pickle(text) == ["abc", "\xe9x", 5]
    assert loads_pickle(b"(lp0\nS'abc'\np1\naI5\naI01\naL7L\na.") == ["abc", 5, True, 7]
    raw = np.arange(250, 254).astype("<i8").tobytes()
    array = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nq\x01K\x00\x85U\x01b\x87R(K\x01K\x04\x85"
        b"cnumpy\ndtype\nU\x02i8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U"
        + bytes([len(raw)]) + raw + b"tb."
    )  # fmt: skip
    assert loads_pickle(array).tolist() == [250, 251, 252, 253]


class Runs:
    def __init__(self, call, *arguments):
        self.parts = call, arguments

    def __reduce__(self):
        return self.parts


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (os.system, "touch {}"),
        (exec, "open({!r}, 'w')"),
        (subprocess.getoutput, "touch {}"),
        (eval, "open({!r}, 'w')"),
    ],
)
def test_nothing_is_run(tmp_path, protocol, call, argument):
    trace = tmp_path / "trace"
    content = pickle.dumps((["a"], [Runs(call, argument.format(str(trace)))]), protocol)
    (tmp_path / "x_label.pkl").write_bytes(content)
    with pytest.raises(UnsafeFileError, match=r"x_label\.pkl asks for .*nothing was run"):
        load_pickle(tmp_path / "x_label.pkl")
    assert not trace.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"(ios\nsystem\n.", b"(cos\nsystem\no.", b"Pid\n.", b"\x80\x02Nq.Q.", b"\x80\x02]\x82\x01.",
        b"\x80\x02cbuiltins\nset\n)\x81.", b"cnumpy\nload\n.", b"cnumpy.core.multiarray\nfromfile\n.",
        b"\x80\x05\x97.",
        pickle.dumps(Path("x")), pickle.dumps(collections.OrderedDict(a=1)), pickle.dumps(1 + 2j),
        pickle.dumps(len),
    ],
)  # fmt: skip
def test_other_objects_are_refused(content):
    with pytest.raises(UnsafeFileError, match="nothing was run"):
        loads_pickle(content)


def dtype(name: bytes, state: bytes = b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb") -> bytes:
    return b"cnumpy\ndtype\nU" + bytes([len(name)]) + name + b"K\x00K\x01\x87R" + state


ARRAY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\x80\x02", b"hello", b"N", b".", b"K\x01", b"a.", b"}K\x01s.", b"(K\x01d.", b"]K\x01K\x02s.",
        b"\x85.", b"0.",
        b"h\x07.", b"I12x\n.", b"cnumpy\nndarray\n.", b"cnumpy\nndarray\n)R.", b"K\x01)R.", b"]}b.",
        b"K\x01K\x02\x93.",
        dtype(b"O8") + b".", dtype(b"V9") + b".", dtype(b"M8") + b".", dtype(b"S9") + b"N\x85b.",
        ARRAY + b".",
        b"cnumpy\ndtype\nK\x01\x85R.", dtype(b"i8", b"(K\x03U\x01<K\x01NNK\x01K\x01K\x00tb") + b".",
        ARRAY + b"(K\x01K\x04\x85" + dtype(b"i8") + b"\x89U\x02aatb.",
        ARRAY + b"(K\x01J\xff\xff\xff\xff\x85" + dtype(b"i1") + b"\x89U\x02aatb.",
        ARRAY + b"(K\x01K\x01\x85" + dtype(b"i8") + b"\x89]tb.", ARRAY + b"(K\x01K\x01\x85N\x89U\x02aatb.",
        b"cnumpy.core.multiarray\n_reconstruct\nNK\x00\x85U\x01b\x87R.",
        b"cnumpy.core.multiarray\nscalar\nNU\x01a\x86R.", b"c_codecs\nencode\nU\x01aU\x03hex\x86R.",
        b"cbuiltins\nset\nK\x01\x85R.", b"]]\x85\x86Q}.", b"}]K\x01s.",
        b"}G@\x00\x00\x00\x00\x00\x00\x00K\x01s.",
        b"V\\u12\n.", b"S'\\q'\n.", pickle.dumps({(1, (2, 3)): 1}), pickle.dumps(np.array([None])),
        pickle.dumps({2**70: 1}),
    ],
)  # fmt: skip
def test_damaged_pickles(content):
    with pytest.raises(SkelrepError) as caught:
        loads_pickle(content, "labels.pkl")
    assert "labels.pkl" in str(caught.value)
    assert len(str(caught.value)) < 400


def bombs() -> dict[str, bytes]:
    nest = b"\x80\x02]q\x00" + b"".join(b"]q%c(h%ch%ce" % (n + 1, n, n) for n in range(100)) + b"."
    tuples = b"\x80\x02)q\x00" + b"".join(b"(h%ch%ctq%c" % (n, n, n + 1) for n in range(100))
    big = b"\x80\x02X" + struct.pack("<I", 10**6) + b"a" * 10**6 + b"q\x000(l"
    encode = b"c_codecs\nencode\nq\x01h\x00X\x06\x00\x00\x00latin1q\x02\x86q\x0300"
    return {
        "nested lists": nest,
        "a key that hashes for ever": tuples + b"}h\x64K\x01s.",
        "memo index": b"\x80\x02Nr\xff\xff\xff\xff.",
        "text length": b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b"aa.",
        "bytes length": b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"aa.",
        "frame": b"\x80\x04\x95" + struct.pack("<Q", 2**60) + b"N.",
        "copies": big + encode + b"".join([b"h\x01h\x03Ra"] * 5000) + b".",
        "keys of one hash": pickle.dumps({n * (2**61 - 1): 0 for n in range(100)}),
        "deep": b"\x80\x02" + b"(" * 100000 + b"l" * 100000 + b".",
        "digits": b"L" + b"9" * 10**6 + b"L\n.",
    }


@pytest.mark.parametrize("name", bombs())
def test_bombs_neither_hang_nor_grow(name):
    start = time.process_time()
    try:
        loads_pickle(bombs()[name])
    except FormatError:
        assert name not in ("nested lists", "memo index", "frame", "deep")
    assert time.process_time() - start < 5


def test_thousands_of_damaged_pickles_give_only_our_errors():
    value = (["S001C001P001R001A001", "b"], np.arange(3), {"a": [1.5, None]}, {1, 2}, np.float32(3))
    rng = np.random.default_rng(0)
    start, raised = time.process_time(), 0
    for n in range(6000):
        damaged = np.frombuffer(pickle.dumps(value, n % 6), np.uint8).copy()
        places = rng.integers(0, len(damaged), size=rng.integers(1, 5))
        damaged[places] = rng.integers(0, 256, size=len(places))
        try:
            loads_pickle(damaged.tobytes())
        except SkelrepError:
            raised += 1
    assert 1000 < raised < 6000
    assert time.process_time() - start < 30


def test_speed_on_a_label_file_of_ntu_size():
    names, labels = [f"S001C001P001R001A{n:06d}.skeleton" for n in range(40000)], list(range(40000))
    buffer = io.BytesIO()
    pickle.dump((names, labels), buffer)
    start = time.process_time()
    assert loads_pickle(buffer.getvalue()) == (names, labels)
    assert time.process_time() - start < 5
