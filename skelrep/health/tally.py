"""Names and details of the clips with one fault, gathered clip by clip."""

from __future__ import annotations

from dataclasses import dataclass, field

from .report import Finding, Severity


@dataclass(eq=False)
class Tally:
    """Clips with one fault."""

    names: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)

    def add(self, name: str, detail: str = "") -> None:
        """Count a clip."""
        self.names.append(name)
        self.details.append(detail)

    def finding(self, check: str, severity: Severity, message: str, remedy: str) -> list[Finding]:
        """One finding of these clips, none where there are none."""
        if not self.names:
            return []
        clips, details = tuple(self.names), tuple(self.details)
        return [
            Finding(
                check=check, severity=severity, message=message, remedy=remedy, clips=clips, details=details
            )
        ]
