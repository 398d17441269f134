"""The performance bars as a picture: how many times better, what was to be reached, what is aimed at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FOUND, MISSED, REACH, AIM = "#2b6ca3", "#c2703d", "#222222", "#999999"


def draw_bars(bars: list[dict[str, Any]], path: Path) -> None:
    """One horizontal bar each, as SVG; the same records give the same file."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "skelrep", "font.size": 9}):
        figure, axes = pyplot.subplots(figsize=(9, 0.9 + 0.52 * len(bars)), layout="constrained")
        places = range(len(bars))
        colours = [FOUND if bar["value"] >= bar["reach"] else MISSED for bar in bars]
        axes.barh(places, [bar["value"] for bar in bars], color=colours, height=0.55)
        axes.scatter(
            [b["reach"] for b in bars], places, marker="|", s=260, color=REACH, label="to reach", zorder=3
        )
        axes.scatter([b["aim"] for b in bars], places, marker="|", s=260, color=AIM, label="aim", zorder=3)
        for place, bar in enumerate(bars):
            axes.annotate(f" {bar['value']:.2f}x", (bar["value"], place), va="center")
        axes.set_yticks(places, [label(bar) for bar in bars])
        axes.invert_yaxis()
        axes.set_xlabel("times as fast (memory: times as small)")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="lower right")
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


def label(bar: dict[str, Any]) -> str:
    what = "memory" if bar["measure"] == "peak_bytes" else bar["ours"]
    return f"{bar['group']}\n{what} against {bar['theirs']}"
