"""Attendance in the words of its pages: a slot, a person's day, the grid of a month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.console.pages.cardview import Words
from monitor.console.pages.evidenceview import METHODS
from monitor.exports.attendance.tables import TOTAL_COLUMNS, Day, Row
from monitor.exports.attendance_rows import KINDS, Line, Mend
from monitor.exports.attendance_seen.day import PersonDay
from monitor.exports.attendance_seen.grid import Grid, marks, sums
from monitor.exports.attendance_seen.slots import MERGED, Came, DaySlot
from monitor.wording import render, subject_text
from monitor.wording.render import pick
from monitor.wording.sheet import LEAVE_SUM, MARK_WORDS, MARKS, MENDED, TOTALS, WEEKDAYS, head_word
from monitor.wording.sheet import MERGED as MERGED_WORD
from monitor.wording.words import EXCUSES, LEAVES, SLOTS, Texts

LEAVE_COLUMNS: Final = range(
    TOTAL_COLUMNS.index("旷工半天") + 1, TOTAL_COLUMNS.index("旷工半天") + 1 + len(LEAVES)
)  # fmt: skip
"""The sheet's totals by kind of leave."""
CSS: Final[Mapping[str, str]] = {
    "√": "h-there", "迟": "h-late", "早": "h-early", "脱": "h-off", "旷": "h-absent", "假": "h-leave", "差": "h-leave",
    "？": "h-unknown", "－": "h-rest",
}  # fmt: skip
"""The look of a mark; the sign itself says what it is."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What words a page: names, language, the hall's zone. `may_file`: whether the reader files requests."""

    words: Words
    zone: ZoneInfo
    may_file: bool = False

    def pick(self, texts: Texts) -> str:
        return pick(texts, self.words.language)

    def local(self, at: datetime | None) -> datetime | None:
        return at.astimezone(self.zone) if at is not None else None


def kind_word(kind: str, said: Said) -> str:
    return said.pick(MERGED_WORD if kind == MERGED else KINDS.get(kind, (kind, kind)))


def slot_view(slot: DaySlot, staff: str, said: Said) -> dict[str, Any]:
    """A slot: its name, when it is due, what it is by word and sign, and on what that rests."""
    mended = [mend_view(mend, said) for mend in slot.mends]
    excused = ""
    if slot.by:
        excused = said.pick(LEAVES[slot.leave] if slot.leave in LEAVES else EXCUSES.get(slot.by, (slot.by, slot.by)))
    return {
        "key": slot.key, "slot": slot.name, "name": said.pick(SLOTS.get(slot.name, (slot.name, slot.name))),
        "date": slot.day.isoformat(), "due": said.local(slot.due), "kind": slot.kind,
        "word": excused or kind_word(slot.kind, said), "minutes": slot.minutes, "at": said.local(slot.at),
        "came": [came_view(one, said) for one in slot.came], "cards": slot.cards, "mends": mended,
        "why": render(slot.reason, said.words.language, said.zone, said.words.named),
        "known_to": said.local(slot.known_to),
        "waits": [{"source": wait.source, "until": said.local(wait.until)} for wait in slot.waits],
        "staff": staff,
        "correct": said.may_file and any(mend.why == "punch" for mend in slot.mends),
        "leave": said.may_file and slot.kind in ("absent", "missing", "late", "early", "off_post", "awaited"),
    }  # fmt: skip


def came_view(one: Came, said: Said) -> dict[str, Any]:
    return {
        "at": said.local(one.at), "source": "" if one.form else one.source, "form": one.form,
        "way": pick(METHODS.get(one.method, (one.method, one.method)), said.words.language),
        "trusted": one.trusted, "doubted": one.doubted,
    }  # fmt: skip


def mend_view(mend: Mend, said: Said) -> dict[str, Any]:
    return {"why": mend.why, "word": said.pick(MENDED[mend.why]), "of": mend.of, "until": said.local(mend.until)}


def left_view(line: Line, said: Said) -> dict[str, Any]:
    """A window that a card says the person left empty."""
    subject = subject_text("post", line.name.removeprefix("post:"), said.words.named, said.words.language)
    return {"subject": subject, "at": said.local(line.at), "cards": line.cards, "word": kind_word(line.kind, said)}


def person_view(one: PersonDay, said: Said) -> dict[str, Any]:
    """A row of the day."""
    return {
        "id": one.who.id, "name": one.name or one.who.id, "unit": said.words.name("unit", one.who.unit),
        "posts": [(said.words.name("window", window), rank) for window, rank in one.who.posts],
        "slots": [slot_view(slot, one.who.id, said) for slot in one.slots],
        "left": [left_view(line, said) for line in one.left],
    }  # fmt: skip


# --------------------------------------------------------------------------- the grid


def mark_view(mark: str, said: Said) -> dict[str, str]:
    """A mark with its word and look; empty for a half day that is not over."""
    known = mark in MARKS
    return {
        "sign": said.pick(MARKS[mark]) if known else mark, "word": said.pick(MARK_WORDS[mark]) if known else "",
        "css": CSS.get(mark, ""), "mark": mark,
    }  # fmt: skip


def legend(said: Said) -> list[dict[str, str]]:
    return [mark_view(mark, said) for mark in MARKS]


def heads(days: Sequence[Day], first: date, length: int, said: Said) -> list[dict[str, Any]]:
    """The heads of the days that the month has."""
    found = []
    for number in range(1, length + 1):
        day = first + timedelta(days=number - 1)
        mark = days[number - 1].mark if number <= len(days) else ""
        found.append(
            {"number": number, "weekday": said.pick(WEEKDAYS[day.weekday()]), "off": bool(mark and mark != "班"),
             "mark": said.pick(head_word(mark)) if mark else "", "date": day.isoformat()}
        )  # fmt: skip
    return found


def grid_view(grid: Grid, first: date, length: int, said: Said) -> dict[str, Any]:
    """The grid's units with their rows. Kinds of leave are told where the reader learns them of everybody shown."""
    kinds = all(str(row[0]) in grid.kinds for unit in grid.units for row in unit.rows)
    return {
        "kinds": kinds,
        "totals": [said.pick(texts) for texts in _columns(list(TOTALS), kinds)],
        "units": [
            {
                "name": unit.name,
                "rows": [_row(row, grid, first, length, kinds, said) for row in unit.rows],
                "subtotal": _summed(unit.subtotal, kinds) if grid.whole else None,
            }
            for unit in grid.units
        ],
        "total": _summed(grid.total, kinds) if grid.total else None,
    }  # fmt: skip


def _row(row: Row, grid: Grid, first: date, length: int, kinds: bool, said: Said) -> dict[str, Any]:
    staff = str(row[0])
    days = []
    for number, halves in enumerate(marks(row)[:length], 1):
        columns = [f"{number}{half}" for half in ("上", "下")]
        days.append(
            {
                "number": number,
                "marks": [_MARKED(mark, said) for mark in halves],
                "date": (first + timedelta(days=number - 1)).isoformat(),
                "changed": any((staff, column) in grid.changed for column in columns),
                "later": [_MARKED(grid.later[staff, c], said)["sign"] for c in columns if (staff, c) in grid.later],
            }
        )
    figures = [
        {"value": value, "changed": (staff, name) in grid.changed, "later": grid.later.get((staff, name))}
        for name, value in zip(TOTAL_COLUMNS, sums(row), strict=True)
    ]
    if not kinds:
        figures = _columns(figures, kinds, {"value": _leave_sum(row), "changed": False, "later": None})
    return {"id": staff, "name": str(row[1]) or staff, "unit": str(row[2]), "days": days, "figures": figures}


_MARKED = mark_view


def _summed(row: Row, kinds: bool) -> list[int]:
    return _columns(sums(row), kinds, _leave_sum(row))


def _leave_sum(row: Row) -> int:
    values = sums(row)
    return sum(values[n] for n in LEAVE_COLUMNS)


def _columns(values: list[Any], kinds: bool, instead: Any = LEAVE_SUM) -> list[Any]:
    """The totals; where kinds of leave are not told, one value in place of theirs."""
    if kinds:
        return values
    return [*values[: LEAVE_COLUMNS.start], instead, *values[LEAVE_COLUMNS.stop :]]


def counts_told(counts: Mapping[str, int], said: Said) -> list[dict[str, Any]]:
    """Kinds that there are, gravest first."""
    order = [*KINDS, MERGED]
    return [
        {"kind": kind, "word": kind_word(kind, said), "count": counts[kind]} for kind in order if counts.get(kind)
    ]  # fmt: skip


def people_named(people: Iterable[PersonDay]) -> list[tuple[str, str]]:
    return [(one.who.id, one.name or one.who.id) for one in people]
