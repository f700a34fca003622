"""What the board of a hall (监察大屏) reads beside its posts: cases, ratings and cards by window. Statements alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, case, func, select

from monitor.store import meta
from monitor.store.gauges import CARD, OVERDUE_RULES, RATING, RUNNING, SUBJECT, WORKED
from monitor.store.schema import (
    CaseEventRow,
    CaseStatRow,
    CheckinRow,
    DutyRow,
    HeartbeatRow,
    PresenceRow,
    RatingRow,
    RawEvent,
)
from monitor.store.sql import table_of

STAT: Final = table_of(CaseStatRow)
RAW: Final = table_of(RawEvent)
BEAT: Final = table_of(HeartbeatRow)
CHECKIN: Final = table_of(CheckinRow)
WITH_WINDOW: Final = tuple(table_of(model) for model in (PresenceRow, DutyRow, RatingRow, CaseEventRow))
VERSIONS: Final = (meta.REGISTRY_VERSION, meta.PLANS_VERSION, meta.ROSTER_VERSION, meta.CALENDAR_VERSION)

OF_DEVICES: Final = ("device", "source")


class Last(NamedTuple):
    """The last rating of a window."""

    score: int
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """How far the store has been looked at: highest numbers, and the versions of registry, plans and calendars."""

    event: int = 0
    beat: int = 0
    versions: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Touched:
    """Whose facts came since a mark. `everything`: the registry, plans or a calendar changed, or too much came."""

    windows: frozenset[str] = frozenset()
    staff: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    everything: bool = False


MOST_TOUCHED: Final = 5_000
"""More events than this since the last look: a backlog arrived, everything is looked at."""


def touched_since(conn: Connection, mark: Mark) -> tuple[Mark, Touched]:
    """What came since `mark`, by the keys of the events' own rows.

    Where several replicas write, a lower number may be committed after a higher one and is not seen here: whoever
    keeps a board looks at each window now and then anyway.
    """
    event = int(conn.execute(select(func.coalesce(func.max(RAW.c.id), 0))).scalar_one())
    beat = int(conn.execute(select(func.coalesce(func.max(BEAT.c.id), 0))).scalar_one())
    versions = tuple(meta.version(conn, key) for key in VERSIONS)
    now = Mark(event=event, beat=beat, versions=versions)
    if versions != mark.versions or event - mark.event > MOST_TOUCHED:
        return now, Touched(everything=True)
    # Never DISTINCT, nor "is not null": SQLite would read by the index on what is asked for, which is the whole table.
    windows: set[str | None] = set()
    staff: set[str] = set()
    if event > mark.event:
        for table in WITH_WINDOW:
            windows.update(conn.execute(select(table.c.window).where(table.c.raw_event > mark.event)).scalars())
        staff.update(conn.execute(select(CHECKIN.c.staff).where(CHECKIN.c.raw_event > mark.event)).scalars())
    beats = select(BEAT.c.device).where(BEAT.c.id > mark.beat)
    devices = frozenset(conn.execute(beats).scalars()) if beat > mark.beat else frozenset()
    return now, Touched(windows=frozenset(w for w in windows if w), staff=frozenset(staff), devices=devices)


def cases_by_window(conn: Connection, hall: str) -> dict[str | None, tuple[int, int]]:
    """(cases that are not over, those of them overdue) by window; None: those that no window is known of.

    The running ones by the subject's index, the overdue ones by their uncleared card: nothing here reads cases that
    are over, of which there may be a year's.
    """
    counted: dict[str | None, list[int]] = {}
    running = (
        select(STAT.c.window, func.count())
        .select_from(SUBJECT.outerjoin(STAT, STAT.c.case_key == SUBJECT.c.key))
        .where(
            SUBJECT.c.hall == hall,
            SUBJECT.c.kind == "case",
            SUBJECT.c.verdict.in_(RUNNING),
            SUBJECT.c.historic.is_(False),
        )
        .group_by(STAT.c.window)
    )
    for window, count in conn.execute(running):
        counted.setdefault(window, [0, 0])[0] += int(count)
    overdue = (
        select(CARD.c.window, func.count(CARD.c.subject.distinct()))
        .where(
            CARD.c.hall == hall,
            CARD.c.kind == "case",
            CARD.c.rule.in_(OVERDUE_RULES),
            CARD.c.level.in_(("yellow", "red")),
            CARD.c.cleared_at.is_(None),
            CARD.c.state != "withdrawn",
            CARD.c.historic.is_(False),
        )
        .group_by(CARD.c.window)
    )
    for window, count in conn.execute(overdue):
        both = counted.setdefault(window, [0, 0])
        both[0] += int(count)
        both[1] += int(count)
    return {window: (running_now, late) for window, (running_now, late) in counted.items()}


def last_ratings(conn: Connection, windows: Sequence[str], since: datetime) -> dict[str, Last]:
    """The last rating of each window at or after `since`, by the time that the device wrote."""
    newest = (
        select(RATING.c.window, func.max(RATING.c.at).label("at"))
        .where(RATING.c.window.in_(windows), RATING.c.at >= since)
        .group_by(RATING.c.window)
        .subquery()
    )
    query = select(RATING.c.window, RATING.c.score, RATING.c.at).join(
        newest, (newest.c.window == RATING.c.window) & (newest.c.at == RATING.c.at)
    )
    return {row.window: Last(score=row.score, at=row.at) for row in conn.execute(query.order_by(RATING.c.id))}


def gravest_cards(conn: Connection, hall: str, *, of_devices: bool = False) -> dict[str, dict[str, Any]]:
    """The card that somebody still has to end, by window: red before yellow before reminder, then the newest.

    Cards of devices stand apart: a device that is silent there is no fault of the window's.
    """
    about = CARD.c.kind.in_(OF_DEVICES) if of_devices else CARD.c.kind.not_in(OF_DEVICES)
    rank = case((CARD.c.level == "red", 3), (CARD.c.level == "yellow", 2), else_=1)
    query = (
        select(CARD.c.window, CARD.c.number, CARD.c.level, CARD.c.rule, CARD.c.since, CARD.c.state)
        .where(
            CARD.c.hall == hall, CARD.c.state.in_(WORKED), CARD.c.historic.is_(False), CARD.c.window.is_not(None), about
        )
        .order_by(rank, CARD.c.number)
    )
    return {row.window: row._asdict() for row in conn.execute(query)}


def latest_cards(conn: Connection, hall: str, most: int) -> list[dict[str, Any]]:
    """The newest cards of the hall, the newest first, whatever became of them but those withdrawn."""
    named = ("number", "rule", "level", "state", "kind", "key", "window", "unit", "staff", "since", "issued", "reason")
    query = (
        select(*(CARD.c[name] for name in named))
        .where(CARD.c.hall == hall, CARD.c.historic.is_(False), CARD.c.state != "withdrawn")
        .order_by(CARD.c.number.desc())
        .limit(most)
    )
    return [row._asdict() for row in conn.execute(query)]


def cards_by_level(conn: Connection, hall: str) -> Mapping[str, int]:
    """Cards that somebody still has to end, by level."""
    query = (
        select(CARD.c.level, func.count())
        .where(CARD.c.hall == hall, CARD.c.state.in_(WORKED), CARD.c.historic.is_(False))
        .group_by(CARD.c.level)
    )
    return {level: int(count) for level, count in conn.execute(query)}
