"""The pictures of docs/atlas.md: an atlas of UI-PRMD's Kinect recordings (public domain) in a Chromium.

    PYTHONPATH=.:tests python benchmarks/draw_atlas.py

Needs `../shared/data/uiprmd_kinect.npz`, a Chromium, playwright and pillow. A clip chosen and another under
the cursor; the same map in the dark with a lasso; a telephone. Run it again when the default weights change.
"""

from __future__ import annotations

import argparse
import io
import math
import tempfile
from pathlib import Path
from typing import Any

from browser import chromium, open_page
from PIL import Image

import skelrep

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data" / "uiprmd_kinect.npz"
CHOSEN = "kinect_m01_s03_e04"
WIDTH, HEIGHT = 1360, 820
STILL = "time => { time.value = 500; time.dispatchEvent(new Event('input')); }"


def choose(page: Any) -> None:
    """Search for a clip, keep it, and stop it half-way."""
    page.keyboard.press("/")
    page.fill("#search", CHOSEN)
    page.keyboard.press("Enter")
    page.click("#play")
    page.locator("#time").evaluate(STILL)


def middle(page: Any) -> tuple[float, float]:
    """Where the middle of the map is on the screen."""
    box = page.locator("#overlay").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def point_at_a_clip(page: Any) -> None:
    """Move the cursor outwards from the middle until a clip is under it."""
    x, y = middle(page)
    for step in range(400):
        page.mouse.move(x + step * math.cos(step / 5), y + 0.6 * step * math.sin(step / 5))
        if page.is_visible("#card"):
            break
    page.wait_for_timeout(1500)  # a pose that says more than the first


def draw_lasso(page: Any, radius: float = 150) -> None:
    """Enclose what is around the middle."""
    x, y = middle(page)
    page.keyboard.press("l")
    page.mouse.move(x + radius, y)
    page.mouse.down()
    for step in range(1, 40):
        turn = 2 * math.pi * step / 40
        page.mouse.move(x + radius * math.cos(turn), y + radius * math.sin(turn))
    page.mouse.up()


def save(page: Any, path: Path) -> None:
    """Write what is seen."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.save(path, quality=88, method=6)
    print(f"{path.stat().st_size:>9,} bytes  {path}")


def draw(atlas: Path, folder: Path) -> None:
    """Draw all of them."""
    with chromium() as browser:
        page = open_page(browser, atlas, width=WIDTH, height=HEIGHT, color_scheme="light")
        choose(page)
        point_at_a_clip(page)
        save(page, folder / "atlas.webp")
        page = open_page(browser, atlas, width=WIDTH, height=HEIGHT, color_scheme="dark")
        draw_lasso(page)
        point_at_a_clip(page)
        save(page, folder / "atlas-selection.webp")
        page = open_page(browser, atlas, width=390, height=780, has_touch=True, is_mobile=True)
        choose(page)
        page.wait_for_timeout(500)
        save(page, folder / "atlas-narrow.webp")


def main() -> None:
    """Make the page, draw into docs."""
    parser = argparse.ArgumentParser(description="The pictures of docs/atlas.md.")
    parser.add_argument("--atlas", type=Path, help="a page that is there; made from --data where absent")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("-o", "--output-dir", type=Path, default=ROOT / "docs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        atlas = options.atlas or Path(folder) / "atlas.html"
        if not options.atlas:
            skelrep.atlas(options.data, atlas, title=options.data.stem)
        draw(atlas.resolve(), options.output_dir)


if __name__ == "__main__":
    main()
