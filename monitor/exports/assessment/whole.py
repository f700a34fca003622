"""The kinds of a report as tables: 得分单, 排名, 统计, or all of them in one file. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

from monitor.exports.assessment import figures, notes, ranking, sheets
from monitor.exports.assessment.reading import Reading
from monitor.exports.assessment.table import Report, Table

TableKind = Literal["all", "sheets", "ranking", "statistics"]
TITLES: Final[Mapping[TableKind, str]] = {
    "all": "考评报表", "sheets": "考评得分单", "ranking": "考评排名", "statistics": "考评统计",
}  # fmt: skip
_PARTS: Final[Mapping[TableKind, Callable[[Reading], tuple[Table, ...]]]] = {
    "all": lambda reading: (*ranking.tables(reading), *sheets.tables(reading), *figures.tables(reading)),
    "sheets": sheets.tables,
    "ranking": ranking.tables,
    "statistics": figures.tables,
}


def report(reading: Reading, kind: TableKind) -> Report:
    """说明 stands last in each, so that a file by itself says what it rests on."""
    return Report(
        title=f"{reading.mark}{reading.hall} {reading.period}{TITLES[kind]}",
        period=reading.period,
        state=reading.state,
        foot=reading.foot,
        made=reading.made,
        tables=(*_PARTS[kind](reading), notes.table(reading)),
    )
