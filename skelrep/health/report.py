"""What the doctor found: findings, worst first, as a table and as JSON."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from ..atomic import atomic_write

Severity = Literal["problem", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
FORMAT_VERSION = 1
SHOWN = 3  # names of a finding that the table shows; JSON holds all


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One kind of fault, and the clips or files that have it.

    Attributes:
        check: a short word such as ``"glitch"``, the same in every report.
        severity: ``"problem"`` makes vectors wrong; ``"warning"`` should be looked at; ``"note"`` is worth
            knowing.
        message: what was found.
        remedy: what to do about it.
        clips: names of the clips or files, in reading order; empty where it concerns all of them.
        details: one text a clip.
    """

    check: str
    severity: Severity
    message: str
    remedy: str
    clips: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "check": self.check, "severity": self.severity, "message": self.message, "remedy": self.remedy,
            "count": len(self.clips), "clips": list(self.clips), "details": list(self.details),
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class HealthReport:
    """A set of clips, looked at.

    Attributes:
        findings: problems first, then warnings, then notes; those with more clips first.
        summary: facts about the set: ``clips``, ``files``, ``frames``, ``bodies``, ``trunk_metres`` and so
            on, plain JSON types.

    Example:
        >>> finding = Finding(check="glitch", severity="warning", message="", remedy="", clips=("a",))
        >>> HealthReport(findings=(finding,)).healthy
        False
    """

    findings: tuple[Finding, ...]
    summary: Mapping[str, Any] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        """Whether there are neither problems nor warnings."""
        return all(finding.severity == "note" for finding in self.findings)

    def clips_with(self, check: str) -> tuple[str, ...]:
        """Names of the clips that a check found.

        Example:
            >>> finding = Finding(check="glitch", severity="warning", message="", remedy="", clips=("a",))
            >>> HealthReport(findings=(finding,)).clips_with("glitch")
            ('a',)
        """
        return tuple(name for found in self.findings if found.check == check for name in found.clips)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "format_version": FORMAT_VERSION,
            "healthy": self.healthy,
            "summary": dict(self.summary),
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the report as JSON.

        Raises:
            OutputError: it cannot be written.
        """
        with atomic_write(path) as file:
            text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"
            file.write(text.encode(errors="backslashreplace"))  # a file's name can be no text

    def __str__(self) -> str:
        """The table: facts, then findings, worst first, each with what to do."""
        facts = [f"{key.replace('_', ' '):<24}{_words(value)}" for key, value in self.summary.items()]
        rows = [_row(finding) for finding in self.findings] or ["Nothing found."]
        return "\n".join([*facts, "", *rows])


def worst_first(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings in the order in which a person should read them."""
    return tuple(sorted(findings, key=lambda found: (SEVERITIES.index(found.severity), -len(found.clips))))


def _row(finding: Finding) -> str:
    head = f"{finding.severity:<9}{finding.check:<13}{len(finding.clips) or 'all':>6}  "
    lines = [finding.message]
    if finding.clips:
        shown = [
            f"{name} ({detail})" if detail else name
            for name, detail in zip(finding.clips, finding.details or [""] * len(finding.clips), strict=True)
        ][:SHOWN]
        more = len(finding.clips) - SHOWN
        lines.append("in " + ", ".join(shown) + (f" and {more} more" if more > 0 else ""))
    lines.append(f"-> {finding.remedy}")
    indent = " " * len(head)
    text = "\n".join(
        textwrap.fill(line, 118, initial_indent=indent, subsequent_indent=indent) for line in lines
    )
    return head + text[len(head) :]


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_words(one)}" for key, one in value.items())
    return (
        f"{value:,}" if isinstance(value, int) else f"{value:.3g}" if isinstance(value, float) else str(value)
    )
