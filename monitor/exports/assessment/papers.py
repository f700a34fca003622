"""The papers that were issued on a signed period: number (文号), dates of issue, receipt and answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

NO_NUMBER: Final = "（未编文号）"


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    """The paper that was issued (签发) on the period as it was signed: its number (文号), where it has one, and when;
    of a letter when the unit acknowledged (签收) and answered it, None: not yet. Instants are in the hall's zone.
    """

    document: str = ""
    issued: datetime | None = None
    acknowledged: datetime | None = None
    answered: datetime | None = None

    @property
    def receipt(self) -> str:
        """签收, in a sentence; of a letter that was not issued a place to write it."""
        if self.issued is None:
            return "签收：＿＿＿＿＿＿　　年　月　日"
        told = [f"发出：{chinese_date(self.issued)}"]
        told.append(f"签收：{chinese_date(self.acknowledged)}" if self.acknowledged else "尚未签收")
        told += [f"回复：{chinese_date(self.answered)}"] if self.answered else []
        return "；".join(told)


NOT_ISSUED: Final = Paper()


@dataclass(frozen=True, kw_only=True, slots=True)
class Papers:
    """The circular, and the letters by window."""

    circular: Paper = NOT_ISSUED
    letters: Mapping[str, Paper] = field(default_factory=dict)

    def of(self, window: str) -> Paper:
        return self.letters.get(window, NOT_ISSUED)


NO_PAPERS: Final = Papers()


def chinese_date(at: datetime) -> str:
    return f"{at.year}年{at.month}月{at.day}日"
