"""One HTML page of the parts in `web/`: style, scripts and data inside, nothing from elsewhere.

What comes from clips is data and never markup: it stands as JSON in an element that no browser runs, with
every character escaped that could end the element, and the scripts show it as text only. A policy in the page
allows exactly the style and the script that were written here, by their digests, and no connection at all.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from importlib import resources
from typing import Any

STYLE = "atlas.css"
# One script: each file builds on those before it.
SCRIPTS = (
    "data.js", "state.js", "theme.js", "motion.js", "colours.js", "camera.js", "grid.js", "points_gl.js",
    "points_2d.js", "skeleton.js", "map.js", "gestures.js", "legend.js", "panel.js", "selection.js",
    "search.js", "keys.js", "main.js",
)  # fmt: skip
_PART = re.compile(r"<!-- part: (\w+) -->")
# In JSON these occur within texts only; escaped there, nothing in a text can end the element.
_MARKUP = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def render_page(payload: dict[str, Any], shelves: Sequence[bytes]) -> str:
    """The page.

    Args:
        payload: plain JSON types, see `payload.payload`.
        shelves: deflated motions.

    Returns:
        HTML, to be written as UTF-8.

    Example:
        >>> page = render_page({"names": ["</script>"]}, [])
        >>> page.count("</script>"), "\\\\u003c/script\\\\u003e" in page
        (2, True)
    """
    style = web_file(STYLE)
    script = "(() => {\n'use strict';\n" + "\n".join(map(web_file, SCRIPTS)) + "\n})();\n"
    parts = {
        "policy": policy(style, script),
        "style": f"<style>{style}</style>",
        "data": f'<script type="application/json" id="data">{json_text(payload)}</script>',
        "motions": "\n".join(
            f'<script type="text/plain" class="shelf">{base64.b64encode(shelf).decode()}</script>'
            for shelf in shelves
        ),
        "script": f"<script>{script}</script>",
    }
    # One pass: what was put in is not looked at again.
    return _PART.sub(lambda match: parts[match[1]], web_file("index.html"))


def json_text(value: Any) -> str:
    """JSON that can stand inside a script element.

    Example:
        >>> json_text(["<!--", "\\u2028"])
        '["\\\\u003c!--","\\\\u2028"]'
    """
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).translate(_MARKUP)


def policy(style: str, script: str) -> str:
    """The content security policy: this style, this script, no network, no frames, no forms."""
    rules = (
        "default-src 'none'",
        f"style-src '{digest(style)}'",
        f"script-src '{digest(script)}'",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(rules)}">'


def digest(text: str) -> str:
    """How a policy names an element by its content."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def web_file(name: str) -> str:
    """One part of the page, as it stands in `web/`."""
    return resources.files(__package__).joinpath("web", name).read_text(encoding="utf-8")
