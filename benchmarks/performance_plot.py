"""The performance bars as a picture: how many times better, what was to be reached, what is aimed at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FOUND, MISSED, REACH, AIM = "#2b6ca3", "#c2703d", "#222222", "#999999"
TICKS = (1, 2, 3, 5, 10, 20)


def draw_bars(bars: list[dict[str, Any]], path: Path) -> None:
    """One horizontal bar each, as SVG; the same records give the same file."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "skelrep", "font.size": 9}):
        figure, axes = pyplot.subplots(figsize=(9, 0.9 + 0.52 * len(bars)), layout="constrained")
        places = range(len(bars))
        colours = [FOUND if bar["value"] >= bar["reach"] else MISSED for bar in bars]
        axes.barh(places, [bar["value"] - 1 for bar in bars], left=1, color=colours, height=0.5)
        for name, colour, words in (("reach", REACH, "to reach"), ("aim", AIM, "aim")):
            axes.scatter(
                [b[name] for b in bars], places, marker="|", s=300, color=colour, label=words, zorder=3
            )
        for place, bar in enumerate(bars):
            axes.annotate(
                f"{bar['value']:.2f}x", (1.01, place), xycoords=("axes fraction", "data"), va="center"
            )
        axes.set_xscale("log")
        axes.set_xticks(TICKS, [f"{tick}x" for tick in TICKS])
        axes.minorticks_off()
        axes.axvline(1, color="black", linewidth=0.8)
        axes.set_yticks(places, [label(bar) for bar in bars])
        axes.invert_yaxis()
        axes.set_xlabel("times as fast (memory: times as small); orange: missed")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


def label(bar: dict[str, Any]) -> str:
    what = "memory" if bar["measure"] == "peak_bytes" else bar["ours"]
    return f"{bar['group']}\n{what} against {bar['theirs']}"
