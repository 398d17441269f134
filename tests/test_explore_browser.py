"""The atlas in a real browser: drawn, pointed at, pressed, searched, selected, with the keyboard, narrow."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import chromium, find_chromium, open_page
from hostile_names import HOSTILE, write_page
from matplotlib.image import imread

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="no Chromium, or no playwright, is installed")


@pytest.fixture(scope="module")
def atlas_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("browser") / "atlas.html"
    write_page(path)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Any, atlas_file: Path) -> Iterator[Any]:
    page = open_page(browser, atlas_file, color_scheme="light", accept_downloads=True)
    yield page
    assert page.told == []  # no error, no message of the policy, no request
    page.context.close()


def drawn(page: Any, element: str) -> int:
    """How many points of an element, as it is seen, have a colour."""
    shot = imread(io.BytesIO(page.locator(element).screenshot()), format="png")[..., :3]
    return int((np.ptp(shot, axis=-1) > 0.2).sum())


def search(page: Any, words: str) -> None:
    page.keyboard.press("/")
    page.fill("#search", words)


def test_names_are_text_whatever_they_say(page: Any) -> None:
    assert page.title() == "</title><script>1</script> \u2013 skelrep atlas"
    assert page.inner_text("#title") == "</title><script>1</script>"
    search(page, "owned")
    assert page.locator("#found [role=option]").count() == 3
    assert page.locator("#found bdi").first.inner_text() == HOSTILE[0]
    page.keyboard.press("Enter")
    assert page.inner_text("#name") == HOSTILE[0]
    assert page.locator("img, #panel script, .map script").count() == 0
    search(page, "xxxx")
    assert len(page.locator("#found bdi").first.inner_text()) < 200
    page.keyboard.press("Escape")
    search(page, "gnp")
    assert page.locator("#found bdi").first.inner_text() == "\u00b7gnp.\u00b7exe"


def test_the_keyboard_reaches_everything(page: Any) -> None:
    page.focus("#overlay")
    page.keyboard.press("ArrowRight")
    first = page.inner_text("#said")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#said") != first
    page.keyboard.press("Enter")
    assert page.is_visible("#clip")
    assert page.locator("#neighbours li").count() == 12
    name = page.inner_text("#name")
    page.keyboard.press("2")
    assert page.inner_text("#name") != name
    page.keyboard.press("s")
    assert page.inner_text("#selected-count") == "1 selected"
    page.keyboard.press("?")
    assert page.is_visible("#keys")
    page.keyboard.press("Escape")
    assert not page.is_visible("#keys")
    page.keyboard.press("Escape")
    assert not page.is_visible("#clip")
    page.keyboard.press("Escape")
    assert page.is_visible("#nothing")
    page.keyboard.press("c")
    assert page.input_value("#field") == "1"
    page.keyboard.press("t")
    assert page.get_attribute("html", "data-theme") == "dark"


def test_a_clip_moves_under_the_cursor_and_stays_when_pressed(page: Any) -> None:
    assert drawn(page, "#overlay") > 300
    page.focus("#overlay")
    page.keyboard.press("ArrowUp")
    assert page.is_visible("#card")
    page.wait_for_timeout(400)
    assert drawn(page, "#card-figure") > 100
    page.keyboard.press("Enter")
    page.wait_for_timeout(400)
    assert drawn(page, "#figure") > 300
    moment = page.inner_text("#clock")
    page.wait_for_timeout(400)
    assert page.inner_text("#clock") != moment


def test_a_box_selects_and_the_list_can_be_taken_away(page: Any, tmp_path: Path) -> None:
    page.keyboard.press("b")
    page.mouse.move(280, 70)
    page.mouse.down()
    page.mouse.move(900, 790, steps=3)
    page.mouse.up()
    assert page.inner_text("#selected-count") == "30 selected"
    for button, name in (("#save-text", "clips.txt"), ("#save-json", "clips.json")):
        with page.expect_download() as download:
            page.click(button)
        download.value.save_as(tmp_path / name)
    assert len((tmp_path / "clips.txt").read_text(encoding="utf-8").split("\n")) == 31
    saved = json.loads((tmp_path / "clips.json").read_text(encoding="utf-8"))
    assert [clip["row"] for clip in saved] == list(range(30))
    assert saved[0]["name"] == saved[0]["fields"]["label"] == HOSTILE[0]


def test_a_value_is_shown_alone(page: Any) -> None:
    everything = drawn(page, "#overlay")
    page.locator("#colours button").first.click()
    page.wait_for_timeout(100)
    assert page.locator("#colours .muted").count() > 3
    assert page.locator("#colours button").first.get_attribute("aria-pressed") == "true"
    assert 0 < drawn(page, "#overlay") < everything  # the others are faint


def test_a_narrow_screen_has_room_for_both(browser: Any, atlas_file: Path) -> None:
    page = open_page(browser, atlas_file, width=390, height=844, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.get_attribute("#legend", "open") is None
    for across in range(20, 330, 12):
        page.touchscreen.tap(across, 470)
        if page.is_visible("#clip"):
            break
    page.wait_for_timeout(400)
    assert page.is_visible("#clip")
    assert page.get_attribute("#legend", "open") is None  # it has moved below the finger, and was not pressed
    assert page.locator("#panel").bounding_box()["width"] == 390
    assert page.locator("#overlay").bounding_box()["height"] > 250
    assert page.told == []
    page.context.close()


def test_without_webgl_the_same_points_are_drawn(browser: Any, atlas_file: Path) -> None:
    with_webgl = open_page(browser, atlas_file)
    expected = drawn(with_webgl, "#overlay")
    lose = "document.getElementById('points').getContext('webgl').getExtension('WEBGL_lose_context')"
    with_webgl.evaluate(
        f"() => {{ const lost = {lose}; lost.loseContext(); setTimeout(() => lost.restoreContext(), 50); }}"
    )
    with_webgl.wait_for_timeout(400)
    assert drawn(with_webgl, "#overlay") == pytest.approx(expected, rel=0.02)  # also after the card was reset
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        "  return kind === 'webgl' ? null : get.call(this, kind, ...more); };"
    )
    page = context.new_page()
    page.goto(atlas_file.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached")
    assert drawn(page, "#overlay") == pytest.approx(expected, rel=0.25)
    context.close()
    with_webgl.context.close()
