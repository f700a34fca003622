"""Daily and weekly attendance lists (日报、周报): what a judged slot is there, and what it still needs (待补正). Pure.

What kind of leave somebody is on is private (DESIGN §1F): the lists say 假 and no more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.attendance.facts import SlotFacts
from monitor.attendance.proof import is_approved
from monitor.model import Outcome, Verdict

KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "absent": ("旷工", "absent"),
    "off_post": ("脱岗待查实", "off-post, proposed"),
    "left_post": ("窗口无人待查实", "window left empty, proposed"),
    "missing": ("缺卡", "punch missing"),
    "late": ("迟到", "late"),
    "early": ("早退", "left early"),
    "unknown": ("未知", "unknown"),
    "review": ("待复核", "for review"),
    "unproven": ("不予认定", "not proven"),
    "unwatched": ("未监测", "not watched"),
    "awaited": ("应到未到", "due, not seen yet"),
    "excused": ("假", "excused"),
    "withdrawn": ("已撤牌或不属实", "card withdrawn or refuted"),
    "pending": ("未到判定时间", "not due yet"),
    "ok": ("正常", "in order"),
}
"""What a slot is on the lists, gravest first; of `ok` and `pending` only the number is told."""
PLAIN: Final = ("pending", "ok")
MENDS: Final[Mapping[str, tuple[str, str]]] = {
    "punch": ("无打卡，可补签", "no punch: file a correction (补签)"),
    "correction": ("补签待批", "a correction waits for approval"),
    "leave": ("请假未批", "leave that covers it is not approved"),
    "source": ("待数据", "waits for data"),
    "review": ("待人工复核", "a person has to look at it"),
}
"""What a slot still needs before it is settled or mended (待补正)."""

_BY_CODE: Final = {"very_late": "off_post", "left_early": "off_post", "missing": "missing", "no_checkout": "missing"}
_BY_OUTCOME: Final = {
    Outcome.OK: "ok",
    Outcome.LATE: "late",
    Outcome.EARLY: "early",
    Outcome.RED: "absent",
    Outcome.EXCUSED: "excused",
    Outcome.UNKNOWN: "unknown",
    Outcome.UNPROVEN: "unproven",
    Outcome.REVIEW: "review",
    Outcome.UNWATCHED: "unwatched",
    Outcome.REMINDER: "awaited",
    Outcome.PENDING: "pending",
}
_PUNCH_MENDS: Final = frozenset({"missing", "absent", "unproven"})
_LEAVE_MENDS: Final = frozenset({"missing", "absent", "unproven", "late", "early", "off_post", "unknown", "awaited"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Mend:
    """Something that a slot waits for: `why` of MENDS; `of` the id of the correction or leave, or the source;
    `until`: up to when the source has to deliver.
    """

    why: str
    of: str = ""
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A slot that is not in order, or a window left empty by the person (`name` is then `post:KEY`).

    `minutes` of late, early and off-post at a check-in; `by` of excused: leave, closure.
    """

    date: date
    name: str
    kind: str
    due: datetime | None = None
    at: datetime | None = None
    minutes: int = 0
    by: str = ""
    cards: tuple[int, ...] = ()
    mends: tuple[Mend, ...] = ()


@dataclass(kw_only=True, slots=True)
class Row:
    """A person's row: every slot counted once by its kind, the lines of what is not plain."""

    staff: str
    name: str
    unit: str
    unit_name: str
    hall: str
    counts: Counter[str] = field(default_factory=Counter)
    lines: list[Line] = field(default_factory=list)

    def add(self, line: Line) -> None:
        self.counts[line.kind] += 1
        if line.kind not in PLAIN:
            self.lines.append(line)


def line_of(
    facts: SlotFacts, verdict: Verdict, now: datetime, corrections: Sequence[str], cards: Sequence[tuple[int, bool]]
) -> Line | None:
    """The line of a judged slot; None where it says nothing (off the plan, merged into its session's red).

    `corrections`: ids of those for this slot that wait for approval; `cards`: (number, whether nobody is held to it).
    """
    kind = kind_of(verdict)
    if kind is None:
        return None
    figures = verdict.reason.figures
    if kind in ("absent", "missing", "off_post") and cards and all(waived for _, waived in cards):
        kind = "withdrawn"
    at, due = figures.get("at"), figures.get("due")
    return Line(
        date=facts.date,
        name=facts.slot.name,
        kind=kind,
        due=datetime.fromisoformat(due) if due else facts.slot.due,  # moved by a slip or by flexible hours
        at=datetime.fromisoformat(at) if at else None,
        minutes=int(figures.get("minutes", 0)),
        by=str(figures.get("by", "")) if kind == "excused" else "",
        cards=tuple(number for number, waived in cards if not waived or kind == "withdrawn"),
        mends=tuple(_mends(facts, verdict, kind, now, corrections)),
    )


def kind_of(verdict: Verdict) -> str | None:
    """What a slot's verdict is on the lists."""
    code = verdict.reason.code.rpartition(".")[2]
    return _BY_CODE.get(code) if verdict.outcome is Outcome.YELLOW else _BY_OUTCOME.get(verdict.outcome)


def _mends(facts: SlotFacts, verdict: Verdict, kind: str, now: datetime, corrections: Sequence[str]) -> Iterable[Mend]:
    if kind in ("ok", "pending", "excused", "withdrawn"):
        return
    yield from (Mend(why="correction", of=each) for each in corrections)
    if kind in _LEAVE_MENDS:
        due = facts.slot.due
        asked = (leave for leave in facts.leaves if leave.start <= due < leave.end and not is_approved(leave, now))
        yield from (Mend(why="leave", of=leave.id) for leave in asked)
    if kind in _PUNCH_MENDS and "at" not in verdict.reason.figures and not corrections:
        yield Mend(why="punch")
    if kind == "unknown":
        yield from (Mend(why="source", of=wait.source, until=wait.until) for wait in verdict.waits)
    if kind == "review":
        yield Mend(why="review")


# --------------------------------------------------------------------------- as JSON


def row_json(row: Row, zone: ZoneInfo) -> dict[str, Any]:
    """A person's row; every kind has a count, so that the shape hangs on no day."""
    return {
        "staff": row.staff,
        "name": row.name,
        "unit": row.unit,
        "unit_name": row.unit_name,
        "hall": row.hall,
        "counts": counts_json(row.counts),
        "to_correct": sum(bool(line.mends) for line in row.lines),
        "slots": [_line_json(line, zone) for line in row.lines],
    }


def counts_json(counts: Mapping[str, int]) -> dict[str, int]:
    return {kind: counts.get(kind, 0) for kind in KINDS}


def _line_json(line: Line, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "date": line.date.isoformat(),
        "slot": line.name,
        "kind": line.kind,
        "due": _stamp(line.due, zone),
        "at": _stamp(line.at, zone),
        "minutes": line.minutes,
        "by": line.by or None,
        "cards": list(line.cards),
        "to_correct": [
            {"why": mend.why, "of": mend.of or None, "until": _stamp(mend.until, zone)} for mend in line.mends
        ],
    }


def _stamp(at: datetime | None, zone: ZoneInfo) -> str | None:
    return at.astimezone(zone).isoformat() if at is not None else None
