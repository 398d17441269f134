"""A headless Chromium, where one is installed: the atlas is tried in it as a person would use it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
# A container has no sandbox of its own, and a machine without a graphics card draws WebGL in software.
ARGUMENTS = ("--no-sandbox", "--enable-unsafe-swiftshader")


def find_chromium() -> str | None:
    """The system's browser, and the client that drives it; None where one of them is missing."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return None
    return next((path for path in map(shutil.which, NAMES) if path), None)


@contextmanager
def chromium(*arguments: str) -> Iterator[Any]:
    """A running browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*ARGUMENTS, *arguments])
        yield browser
        browser.close()


def open_page(browser: Any, path: Path, *, width: int = 1280, height: int = 800, **options: Any) -> Any:
    """A page that is ready to be used; `page.told` gets its errors, and what it asks the network for."""
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    page = context.new_page()
    page.told = []
    page.on("pageerror", lambda error: page.told.append(f"error: {error}"))
    page.on(
        "console",
        lambda said: page.told.append(f"{said.type}: {said.text}") if said.type == "error" else None,
    )
    page.on(
        "request", lambda request: page.told.append(request.url) if request.url != path.as_uri() else None
    )
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", state="attached")
    return page
