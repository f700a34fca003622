"""What a check of `doctor` says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One check: what was seen, or which danger there is (`why`), and the line or command that mends it (`fix`)."""

    check: str
    ok: bool
    why: str
    fix: str = ""

    def to_json(self) -> dict[str, str | bool]:
        """{"check","ok","why","fix"} (DESIGN §7)."""
        return {"check": self.check, "ok": self.ok, "why": self.why, "fix": self.fix}


def good(check: str, why: str) -> Finding:
    return Finding(check=check, ok=True, why=why)


def bad(check: str, why: str, fix: str) -> Finding:
    return Finding(check=check, ok=False, why=why, fix=fix)


def some(names: Sequence[str], most: int = 8) -> str:
    """The first names and how many more there are."""
    more = f" … 共 {len(names)} in all" if len(names) > most else ""
    return ", ".join(names[:most]) + more
