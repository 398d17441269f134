"""Fills docs/performance.md and draws docs/performance.svg from the records in results/.

python benchmarks/performance_page.py
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from pages import fill, markdown_table
from performance_bars import bar_rows_of
from performance_plot import draw_bars
from speed_groups import OTHERS, RESULTS
from speed_measure import duration

ROOT = Path(__file__).parents[1]
MIB = 2**20
NOT_RESULTS = ("machine", "versions", "command", "date", "commit", "seconds", "provenance", "setting")
MOST_ROWS = 20  # of one record's table
Record = dict[str, Any]


def machine_line(record: Record) -> str:
    """The machine and the versions in one paragraph."""
    m, v = record["machine"], record["versions"]
    stamps = sorted({(g["date"][:10], (g["commit"] or "")[:10]) for g in record["groups"].values()})
    made = "; ".join(f"{date} at commit {commit}" for date, commit in stamps)
    software = ", ".join(f"{name} {version}" for name, version in v.items())
    return (
        f"{m['cpu']} (family/model {m['family_model']}; {', '.join(m['simd'])}), {m['cores']} cores, "
        f"{m['memory_gb']} GiB; {m['threads']} threads; {software}. Measured {made}.\n"
    )


def bar_rows(record: Record) -> list[Record]:
    """All bars of all groups, with the group's title and readable names."""
    rows = []
    for group in record["groups"].values():
        titles = {row["contender"]: row["title"] for row in group["rows"]}
        rows += [
            bar
            | {
                "group": group["title"],
                "ours": titles[bar["contender"]],
                "theirs": titles[bar["against"]],
            }
            for bar in group["bars"]
        ]
    return rows


def bars_table(record: Record) -> str:
    rows = [
        [
            bar["group"],
            f"{bar['ours']} against {bar['theirs']}" + (", memory" if bar["measure"] == "peak_bytes" else ""),
            f"{bar['reach']:g}x",
            f"{bar['aim']:g}x",
            f"**{bar['value']:.2f}x**" if bar["value"] >= bar["reach"] else f"{bar['value']:.2f}x (missed)",
        ]
        for bar in bar_rows(record)
    ]
    return markdown_table(["", "", "to reach", "aim", "found"], rows)


def group_section(group: Record) -> str:
    """One group's table; ratios are medians over rounds, and larger is better."""
    shipped = [row["contender"] for row in group["rows"] if row["contender"].endswith("as_shipped")]
    references = [group["baseline"], *(name for name in shipped if name != group["baseline"])]
    titles = {row["contender"]: row["title"] for row in group["rows"]}
    head = ["", "median", "quartiles", "clips/s", *(f"x {titles[name]}" for name in references)]
    rows = []
    for row in group["rows"]:
        low, high = map(duration, row["quartiles"])
        ratios = [f"{row['faster_than'][name]:.2f}" for name in references]
        deviation = "" if row["deviation"] is None else f"{row['deviation']:.0e}"
        memory = f"{row['peak_bytes'] / MIB:.0f} MiB"
        cells = [row["title"], duration(row["median"]), f"{low} - {high}", f"{row['clips_per_second']:.4g}"]
        rows.append([*cells, *ratios, deviation, memory])
    text = f"**{group['title']}**\n\n" + markdown_table([*head, "deviation", "memory"], rows)
    if "step_deviation" in group:
        text += f"\nA float64 step without dropout deviates by {group['step_deviation']:.0e}.\n"
    if group["missing"]:
        text += f"\nNot there when this was measured: {', '.join(group['missing'])}.\n"
    return text


def sections(record: Record, beginnings: tuple[str, ...]) -> str:
    groups = record["groups"]
    return "\n".join(group_section(groups[name]) for name in groups if name.startswith(beginnings))


def check_text(record: Record) -> str:
    """How much the plain baseline costs in units of the published code."""
    rows = []
    for group in record["groups"].values():
        for ours, theirs in (("plain_tuned", "published_tuned"), ("plain_as_shipped", "published")):
            for prefix in ("", "train_"):
                found = {row["contender"]: row for row in group["rows"]}
                if {prefix + ours, prefix + theirs} <= found.keys():
                    value = 1 / found[prefix + ours]["faster_than"][prefix + theirs]
                    same = found[prefix + ours]["deviation"]
                    deviation = group.get("step_deviation", same)
                    rows.append(
                        [
                            group["title"],
                            ours.replace("_", ", ", 1).replace("_", " "),
                            f"{value:.2f}",
                            f"{deviation:.0e}",
                        ]
                    )
    return markdown_table(["", "", "time of plain / published", "deviation"], rows)


def write_page(page: Path, speed: Record, check: Record | None, plot: Path | None) -> None:
    """Put every table between its markers."""
    fill(page, "machine", machine_line(speed))
    fill(page, "bars", bars_table(speed))
    fill(page, "encode", sections(speed, ("encode", "latency", "bfloat16")))
    fill(page, "engines", sections(speed, ("engines", "pyskl")))
    fill(page, "train", sections(speed, ("train",)))
    if check is not None:
        fill(page, "check", check_text(check))
    if plot is not None:
        draw_bars(bar_rows(speed), plot)


def leaves(value: Any, name: str = "") -> list[list[str]]:
    """All numbers of a record that some other script wrote, with the way to them as a name."""
    if isinstance(value, dict):
        inner = [(str(key), item) for key, item in value.items() if key not in NOT_RESULTS]
        inner = inner[:: -(-len(inner) // MOST_ROWS)] if inner else inner  # a long series, at equal steps
    elif isinstance(value, list):
        inner = [(str(item.get("title", i)), item) for i, item in enumerate(value) if isinstance(item, dict)]
    else:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return [[name, f"{value:.4g}"]] if number else []
    return [row for key, item in inner for row in leaves(item, f"{name}: {key}" if name else key)]


def others_text(results: Path) -> str:
    """The bars, and a table for every record of another script that is there."""
    records = {name: record for name in OTHERS if (record := read(results / f"{name}.json")) is not None}
    if not records:
        return "(not measured yet)\n"
    tables = [markdown_table(["", "to reach", "aim", "found"], bar_rows_of(records))]
    for name, record in records.items():
        tables.append(f"`benchmarks/{name}.py`\n\n" + markdown_table(["", ""], leaves(record)))
    return "\n".join(tables)


def read(path: Path) -> Record | None:
    return json.loads(path.read_text()) if path.exists() else None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md")
    args = parser.parse_args()
    speed = read(args.results / "speed.json")
    if speed is None:
        raise SystemExit(f"{args.results}/speed.json is missing; run benchmarks/speed.py first.")
    fill(args.page, "others", others_text(args.results))
    write_page(args.page, speed, read(args.results / "check_plain.json"), args.page.with_suffix(".svg"))


if __name__ == "__main__":
    main()
