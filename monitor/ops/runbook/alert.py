"""An alert about the supervision system itself, with what somebody needs who is called by it at night."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from monitor.wording.words import Texts

BOOK: Final = "docs/runbook.md"
"""Has a section for each alert, headed by its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """`hold`: how long the condition has to last. `look`: the way out, in the words of the rules' file, where a `note`
    stands above the expression. `do`: the same for a reader of the page, who sees `commands` beside it. `metric` is
    what the page links from a panel.
    """

    name: str
    expr: str
    hold: str
    severity: str
    summary: Texts
    means: Texts
    look: str
    do: Texts
    commands: tuple[str, ...] = ()
    metric: str = ""
    note: str = ""

    @property
    def described(self) -> str:
        return f"{self.means[0]} {self.means[1]} {self.look}"

    @property
    def section(self) -> str:
        """Where the book says more, as an address within the project."""
        return f"{BOOK}#{self.name.lower()}"
