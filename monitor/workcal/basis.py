"""By which paper a date is off or worked: the State Council's notice, an imported one, the hall's own calendar, or
nothing but the statute while the year's notice is not out. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

BasisKind: TypeAlias = Literal["notice", "imported", "hall", "statute", "unpublished"]
"""notice: the State Council's, as bundled; imported: one that an operator brought; hall: the hall's own calendar;
statute: a holiday of the law in a year without a notice; unpublished: any other day of such a year."""

_STATUTE: Final = "全国年节及纪念日放假办法"
_AMENDED: Final[Mapping[date, str]] = {
    **dict.fromkeys(
        (date(2015, 9, 3), date(2015, 9, 4), date(2015, 9, 6)),
        "国务院关于中国人民抗日战争暨世界反法西斯战争胜利70周年纪念日调休放假的通知",
    ),
    **dict.fromkeys(
        (date(2019, 4, 28), *(date(2019, 5, day) for day in range(1, 6))),
        "国务院办公厅关于调整2019年劳动节假期安排的通知",
    ),
    **dict.fromkeys(
        (date(2020, 1, 31), date(2020, 2, 1), date(2020, 2, 2)),
        "国务院办公厅关于延长2020年春节假期的通知",
    ),
}
"""Days that another notice than the yearly one gave."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Basis:
    """`title`: of the paper, or the hall's own reason; `year`: that the paper publishes; `source`: where an imported
    notice came from (a file, an address), or the name of the hall's calendar.
    """

    kind: BasisKind
    title: str = ""
    year: int | None = None
    source: str = ""

    def to_json(self) -> dict[str, object]:
        """{"kind","title","year","source"}; what is empty is null."""
        return {name: value or None for name, value in asdict(self).items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    """What an imported notice is called and where it came from; either may be empty."""

    title: str = ""
    source: str = ""


def bundled(day: date, name: str) -> Basis:
    """The notice behind a day of the library, whose new year's holiday may begin in the December before."""
    year = day.year + 1 if day.month == 12 and name == "元旦" else day.year
    title = _AMENDED.get(day, f"国务院办公厅关于{year}年部分节假日安排的通知")
    return Basis(kind="notice", title=title, year=year)


def imported(year: int, papers: Mapping[int, Paper]) -> Basis:
    """The notice that an operator imported for a year."""
    paper = papers.get(year, Paper())
    return Basis(kind="imported", title=paper.title, year=year, source=paper.source)


def unpublished(day: date, *, is_holiday: bool) -> Basis:
    """A day of a year without a notice: its holidays are those of the law, all else may still be moved about."""
    return Basis(kind="statute" if is_holiday else "unpublished", title=_STATUTE if is_holiday else "", year=day.year)
