"""The page: everything in one file, the same bytes each time, names as text, its command."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile_names import HOSTILE, write_page
from hypothesis import given, settings
from hypothesis import strategies as st

import skelrep
from skelrep.cli import main
from skelrep.demo import load_demo_clips
from skelrep.demo.archive import ARCHIVE
from skelrep.errors import ConfigError, OutputError, ShapeError
from skelrep.explore.page import SCRIPTS, json_text, web_file
from skelrep.explore.source import archive_fields, gather_clips

DOCUMENT = Path(__file__).parents[1] / "docs" / "atlas.md"
WEB = Path(skelrep.__path__[0]) / "explore" / "web"


class Elements(HTMLParser):
    """Start tags of a page, with their attributes and the text that follows."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self.found:
            tag, attrs, text = self.found[-1]
            self.found[-1] = (tag, attrs, text + data)

    def handle_endtag(self, tag: str) -> None:
        self.found.append((f"/{tag}", {}, ""))

    def of(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attrs, text) for name, attrs, text in self.found if name == tag]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    target = tmp_path_factory.mktemp("page") / "atlas.html"
    write_page(target)
    return target.read_text(encoding="utf-8")


def data_of(page: str) -> dict[str, Any]:
    [text] = [text for attrs, text in Elements(page).of("script") if attrs.get("id") == "data"]
    return json.loads(text)


def array(text: str, dtype: str) -> list[int]:
    return np.frombuffer(base64.b64decode(text), dtype).tolist()


def test_hostile_names_stay_inside_their_element(page: str) -> None:
    elements = Elements(page)
    assert [attrs.get("type") for attrs, _ in elements.of("script")] == [
        "application/json",
        None,
        "text/plain",
    ]
    assert not elements.of("img")
    assert "owned" not in re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.DOTALL)
    data = data_of(page)
    assert tuple(data["names"][: len(HOSTILE)]) == HOSTILE
    assert data["title"] == "</title><script>1</script>"
    assert set(HOSTILE) <= set(data["fields"][0]["texts"])


@given(st.text())
@settings(max_examples=50)
def test_json_in_a_page_is_ascii_without_markup_and_reads_back(text: str) -> None:
    written = json_text({"name": text})
    assert written.isascii()
    assert not set("<>&") & set(written)
    assert json.loads(written) == {"name": text}


def test_the_policy_allows_this_style_and_script_and_nothing_else(page: str) -> None:
    elements = Elements(page)
    named = {attrs.get("http-equiv"): attrs.get("content") for attrs, _ in elements.of("meta")}
    [style] = [text for _, text in elements.of("style")]
    [script] = [text for attrs, text in elements.of("script") if "type" not in attrs]
    rules = dict(rule.split(" ", 1) for rule in str(named["Content-Security-Policy"]).split("; "))
    assert rules.pop("style-src") == f"'sha256-{_digest(style)}'"
    assert rules.pop("script-src") == f"'sha256-{_digest(script)}'"
    assert rules == dict.fromkeys(("default-src", "base-uri", "form-action"), "'none'")
    assert page.index("Content-Security-Policy") < page.index("<style>")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_the_page_reaches_for_nothing_and_its_scripts_write_no_markup() -> None:
    markup = "innerHTML|outerHTML|insertAdjacentHTML|document[.]write"
    code = r"eval\(|new Function|fetch\(|import\(|XMLHttpRequest|WebSocket"
    files = {path.name: path.read_text(encoding="utf-8") for path in WEB.iterdir()}
    assert set(files) == {"index.html", "atlas.css", *SCRIPTS}
    for name, text in files.items():
        assert not re.search(r"https?:|//\w+\.|url\(|@import|\bsrc=|<link", text), name
        if name.endswith(".js"):
            assert not re.search(f"{markup}|{code}", text), name
            assert "</script" not in text.lower()
            assert "<!--" not in text
    assert not re.search(r"\son\w+=|\sstyle=", web_file("index.html"))


def test_fields_places_and_neighbours_are_told_in_full(page: str) -> None:
    data = data_of(page)
    assert [field["name"] for field in data["fields"]] == ["label", "cluster", "<b>field</b>"]
    other = data["fields"][2]
    codes = array(other["codes"], "<i4")
    assert codes[0] == -1
    assert [other["texts"][code] for code in codes[1:4]] == list(HOSTILE[1:4])
    rows = np.array(array(data["neighbours"]["rows"], "<u4")).reshape(30, 12)
    unit = np.random.default_rng(0).normal(size=(30, 8))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    similarity = unit @ unit.T - 2 * np.eye(30)
    np.testing.assert_array_equal(rows, np.argsort(-similarity, axis=1)[:, :12])
    cosines = np.array(array(data["neighbours"]["cosines"], "<i2")).reshape(30, 12) / 32767
    np.testing.assert_allclose(cosines, -np.sort(-similarity, axis=1)[:, :12], atol=2e-5)
    assert len(array(data["places"], "<u2")) == 60


def test_the_same_clips_write_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        written = skelrep.atlas(ARCHIVE, tmp_path / name, vectors=np.eye(30))
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert written.projection == "tsne"
    assert written.num_bytes == (tmp_path / "b.html").stat().st_size
    assert 0 < written.motion_bytes < written.num_bytes


def test_files_tell_what_they_know(tmp_path: Path) -> None:
    clip = load_demo_clips()[0].data
    for name in ("S001C001P004R001A005", "S001C001P007R001A002", "wave"):
        np.save(tmp_path / f"{name}.npy", clip)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "demo.npz").write_bytes(ARCHIVE.read_bytes())
    clips, fields = gather_clips(tmp_path, "fixed")
    assert len(clips) == 33
    by_name = {clip.name: {k: v[n] for k, v in fields.items()} for n, clip in enumerate(clips)}
    assert by_name["S001C001P004R001A005"] == {
        "label": "4", "subject": "P004", "file": "S001C001P004R001A005.npy",
    }  # fmt: skip
    assert by_name["wave"] == {"label": None, "subject": None, "file": "wave.npy"}
    assert by_name["kinect_m01_s01_e03"] == {"label": "deep squat", "subject": "s01", "file": "more/demo.npz"}
    paths = [tmp_path / "wave.npy", ARCHIVE]
    assert set(gather_clips(paths, "fixed")[1]["file"]) == {"wave.npy", "clips.npz"}
    assert gather_clips(list(clips), "fixed")[1].keys() == {"label", "subject"}


def test_arrays_that_do_not_fit_the_clips_are_no_fields(tmp_path: Path) -> None:
    texts = {f"{key}_names": np.array(["a", "b"]) for key in "pqr"}
    np.savez(tmp_path / "x.npz", p=[0, 1, 7], q=[0, 1], r=[0.5] * 3, **texts)
    assert archive_fields(tmp_path / "x.npz", 3) == {"p": ["a", "b", None]}
    assert archive_fields(tmp_path / "x.npy", 3) == {}


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"fields": {"age": [1]}}, ConfigError, "'age'.* has 1 values; expected 30"),
        (
            {"fields": {"age": {"nobody": 1}}},
            ConfigError,
            "names none of the 30 clips; .*'kinect_m01_s01_e03'",
        ),
        ({"vectors": np.ones((3, 4))}, ShapeError, r"float64 \(3, 4\); expected numbers \(30, D\)"),
        ({"vectors": np.full((30, 4), np.nan)}, ShapeError, "NaN or infinity"),
        ({"output_file": "atlas.txt"}, OutputError, r"ends in \.html"),
        ({"clips": []}, ShapeError, "no clips"),
    ],
)
def test_what_cannot_be_shown_is_an_error(
    options: dict[str, Any], error: type[Exception], words: str, tmp_path: Path
) -> None:
    arguments = {"clips": ARCHIVE, "output_file": "atlas.html", "vectors": np.eye(30)} | options
    arguments["output_file"] = tmp_path / arguments["output_file"]
    with pytest.raises(error, match=words):
        skelrep.atlas(**arguments)
    assert list(tmp_path.iterdir()) == []


def test_the_document_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = re.findall(
        r"^```python\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    names: dict[str, Any] = {}
    exec(compile(code[1], "docs/atlas.md", "exec"), names)
    assert names["page"].fields == ("label", "cluster", "length")
    keys = re.findall(r"<dt>(.*?)</dt>", web_file("index.html"))
    assert (
        len(keys) == DOCUMENT.read_text(encoding="utf-8").split("## Keys")[1].split("##")[0].count("\n| ") - 2
    )


def test_the_command_writes_the_page(
    tmp_path: Path, tiny_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("name,label,age\nkinect_m01_s01_e03.npz,squat,31\nkinect_m01_s04_e03,squat,\n")
    target = tmp_path / "new" / "atlas.html"
    command = ["atlas", str(ARCHIVE), "-o", str(target), "--model", str(tiny_folder), "--labels", str(labels)]
    assert main([*command, "--projection", "pca", "--title", "Ours", "--top-k", "3"]) == 0
    assert re.match(r"30 clips in \d+ s: \S+atlas\.html \(0\.\d+ MB", capsys.readouterr().out)
    data = data_of(target.read_text(encoding="utf-8"))
    assert (data["title"], data["neighbours"]["topK"], data["mapName"]) == ("Ours", 3, "PCA")
    assert [field["name"] for field in data["fields"]] == ["label", "cluster", "subject", "age"]
    assert data["fields"][0]["texts"] == ["squat"]
    assert array(data["fields"][3]["codes"], "<i4")[:2] == [0, -1]
    assert main([*command, "--quiet", "--projection", "pca"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["atlas", str(ARCHIVE), "-o", str(tmp_path / "atlas.png")]) == 2
