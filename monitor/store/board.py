"""What the board of a hall (监察大屏) reads beside its posts: cases, ratings and cards by window. Statements alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    Table,
    bindparam,
    case,
    func,
    literal_column,
    null,
    select,
    union_all,
)

from monitor.model import IN_TIME
from monitor.store import meta
from monitor.store.gauges import CARD, OVERDUE_RULES, RATING, RUNNING, SUBJECT, WORKED
from monitor.store.quick import Keys, QuickSelect
from monitor.store.schema import (
    CaseEventRow,
    CaseStatRow,
    CheckinRow,
    DutyRow,
    HeartbeatRow,
    PresenceRow,
    RawEvent,
)
from monitor.store.sql import table_of

STAT: Final = table_of(CaseStatRow)
RAW: Final = table_of(RawEvent)
BEAT: Final = table_of(HeartbeatRow)
CHECKIN: Final = table_of(CheckinRow)
PRESENCE: Final = table_of(PresenceRow)
CASE: Final = table_of(CaseEventRow)
DUTY: Final = table_of(DutyRow)
SERVED: Final = ("ratings", "cases")
"""What is told by serving at a window, and is counted."""
VERSIONS: Final = (meta.REGISTRY_VERSION, meta.PLANS_VERSION, meta.ROSTER_VERSION, meta.CALENDAR_VERSION)

OF_DEVICES: Final = ("device", "source")


class Last(NamedTuple):
    """The last rating of a window."""

    score: int
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """How far the store has been looked at: highest numbers, open cards and their changes, and the versions of
    registry, plans and calendars. `people`: that of roles, reach and sessions, which no tile rests on.
    """

    event: int = 0
    beat: int = 0
    cards: tuple[int, int, int] = (0, 0, 0)
    versions: tuple[str | None, ...] = ()
    people: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Touched:
    """Whose facts came since a mark. `everything`: the registry, plans or a calendar changed, or too much came.

    `seen`: windows where a camera sees somebody, and nothing else; `served`: windows with the person (None: not said)
    whom a rating or an event of a case shows at work there. `counted`: of "cards", "ratings" and "cases" what changed.
    """

    windows: frozenset[str] = frozenset()
    seen: frozenset[str] = frozenset()
    served: frozenset[tuple[str, str | None]] = frozenset()
    staff: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    counted: frozenset[str] = frozenset()
    everything: bool = False


MOST_TOUCHED: Final = 5_000
"""More events than this since the last look: a backlog arrived, everything is looked at."""


def touched_since(conn: Connection, hall: str, mark: Mark) -> tuple[Mark, Touched]:
    """What came since `mark`, cards of the hall alone, by the keys of the events' own rows.

    Where several replicas write, a lower number may be committed after a higher one and is not seen here: whoever
    keeps a board looks at each window now and then anyway.
    """
    [row] = _STANDING.run(conn, hall=hall)
    now = Mark(
        event=row.event or 0,
        beat=row.beat or 0,
        cards=(row.card or 0, row.worked, int(row.changes or 0)),
        versions=tuple(getattr(row, key) for key in VERSIONS),
        people=getattr(row, meta.PEOPLE_VERSION),
    )
    if now.versions != mark.versions or now.event - mark.event > MOST_TOUCHED:
        return now, Touched(counted=frozenset({"cards", *SERVED}), everything=True)
    found: dict[str, list[Any]] = {}
    if (now.event, now.beat) != (mark.event, mark.beat):
        for row in _NEWS.run(conn, event=mark.event, beat=mark.beat):
            found.setdefault(row.what, []).append(row)
    pictures = {True: set[str | None](), False: set[str | None]()}
    for row in found.get("presence", ()):
        pictures[bool(row.people) and row.view == "ok" and _is_in_time(row)].add(row.window)
    served = [row for what in SERVED for row in found.get(what, ())]
    windows = pictures[False] | {row.window for row in served if not _is_in_time(row)}
    windows |= {row.window for row in found.get("duty", ())}
    counted = {what for what in SERVED if what in found} | ({"cards"} if now.cards != mark.cards else set())
    return now, Touched(
        windows=frozenset(w for w in windows if w),
        seen=frozenset(w for w in pictures[True] if w),
        served=frozenset((row.window, row.who) for row in served if row.window and _is_in_time(row)),
        staff=frozenset(row.who for row in found.get("checkin", ())),
        devices=frozenset(row.who for row in found.get("heartbeat", ())),
        counted=frozenset(counted),
    )


def _is_in_time(row: Any) -> bool:
    """One that comes late may show that somebody was there before."""
    return bool(row.received - row.at <= IN_TIME)


def _standing() -> Select[Any]:
    mine = (CARD.c.hall == bindparam("hall"), CARD.c.state.in_(WORKED), CARD.c.historic.is_(False))
    asked: dict[str, Select[Any]] = {
        "event": select(func.max(RAW.c.id)),
        "beat": select(func.max(BEAT.c.id)),
        "card": select(func.max(CARD.c.number)),
        "worked": select(func.count()).where(*mine),
        "changes": select(func.sum(CARD.c.sequence)).where(*mine),
        **{key: select(meta.META.c.value).where(meta.META.c.key == key) for key in (*VERSIONS, meta.PEOPLE_VERSION)},
    }
    return select(*(query.scalar_subquery().label(name) for name, query in asked.items()))


_STANDING: Final = QuickSelect(lambda _: _standing())


def _news() -> Select[Any]:
    """All facts behind the mark, by the key of their own rows, in one statement. Never DISTINCT, nor "is not null":
    SQLite would read by the index on what is asked for, the whole table.
    """
    parts = {
        "presence": (PRESENCE, {"window", "people", "view", "at", "received"}),
        "duty": (DUTY, {"window"}),
        "ratings": (RATING, {"window", "staff", "at", "received"}),
        "cases": (CASE, {"window", "staff", "at", "received"}),
        "checkin": (CHECKIN, {"staff"}),
        "heartbeat": (BEAT, {"device"}),
    }

    def part(what: str, table: Table, told: Set[str]) -> Select[Any]:
        number, mark = (table.c.id, "beat") if table is BEAT else (table.c.raw_event, "event")
        who = next((table.c[name] for name in ("staff", "device") if name in told), null())
        rest = [(table.c[name] if name in told else null()).label(name) for name in _TOLD]
        return select(literal_column(f"'{what}'").label("what"), who.label("who"), *rest).where(
            number > bindparam(mark, type_=number.type)
        )

    every = union_all(*(part(what, *of) for what, of in parts.items())).subquery()
    return select(*every.c)


_TOLD: Final = ("window", "people", "view", "at", "received")
_NEWS: Final = QuickSelect(lambda _: _news())


def cases_by_window(conn: Connection, hall: str) -> dict[str | None, tuple[int, int]]:
    """(cases that are not over, those of them overdue) by window; None: those that no window is known of.

    The running ones by the subject's index, the overdue ones by their uncleared card: nothing here reads cases that
    are over, of which there may be a year's.
    """
    found: dict[str | None, list[int]] = {}
    for row in _RUNNING_CASES.run(conn, hall=hall):
        found.setdefault(row.window, [0, 0])[0] += int(row.n)
    for row in _OVERDUE_CASES.run(conn, hall=hall):
        both = found.setdefault(row.window, [0, 0])
        both[0] += int(row.n)
        both[1] += int(row.n)
    return {window: (running, late) for window, (running, late) in found.items()}


_RUNNING_CASES: Final = QuickSelect(
    lambda _: (
        select(STAT.c.window, func.count().label("n"))
        .select_from(SUBJECT.outerjoin(STAT, STAT.c.case_key == SUBJECT.c.key))
        .where(
            SUBJECT.c.hall == bindparam("hall"),
            SUBJECT.c.kind == "case",
            SUBJECT.c.verdict.in_(RUNNING),
            SUBJECT.c.historic.is_(False),
        )
        .group_by(STAT.c.window)
    )
)
_OVERDUE_CASES: Final = QuickSelect(
    lambda _: (
        select(CARD.c.window, func.count(CARD.c.subject.distinct()).label("n"))
        .where(
            CARD.c.hall == bindparam("hall"),
            CARD.c.kind == "case",
            CARD.c.rule.in_(OVERDUE_RULES),
            CARD.c.level.in_(("yellow", "red")),
            CARD.c.cleared_at.is_(None),
            CARD.c.state != "withdrawn",
            CARD.c.historic.is_(False),
        )
        .group_by(CARD.c.window)
    )
)


def last_ratings(conn: Connection, windows: Sequence[str], since: datetime) -> dict[str, Last]:
    """The last rating of each window at or after `since`, by the time that the device wrote."""
    return {row.window: Last(score=row.score, at=row.at) for row in _LAST_RATINGS.run(conn, windows, since=since)}


def _last_ratings(among: Keys) -> Select[Any]:
    newest = (
        select(RATING.c.window, func.max(RATING.c.at).label("at"))
        .where(among(RATING.c.window), RATING.c.at >= bindparam("since", type_=RATING.c.at.type))
        .group_by(RATING.c.window)
        .subquery()
    )
    query = select(RATING.c.window, RATING.c.score, RATING.c.at).join(
        newest, (newest.c.window == RATING.c.window) & (newest.c.at == RATING.c.at)
    )
    return query.order_by(RATING.c.id)


_LAST_RATINGS: Final = QuickSelect(_last_ratings)


def gravest_cards(conn: Connection, hall: str) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """The card that somebody still has to end, by window: red before yellow before reminder, then the newest.

    Cards of devices stand apart, as the second: a device that is silent there is no fault of the window's.
    """
    own: dict[str, dict[str, Any]] = {}
    of_devices: dict[str, dict[str, Any]] = {}
    for row in _GRAVEST.run(conn, hall=hall):
        card = row._asdict()
        (of_devices if card.pop("kind") in OF_DEVICES else own)[row.window] = card
    return own, of_devices


def _gravest() -> Select[Any]:
    rank = case((CARD.c.level == "red", 3), (CARD.c.level == "yellow", 2), else_=1)
    named = ("window", "number", "level", "rule", "since", "state", "kind")
    wanted = (CARD.c.hall == bindparam("hall"), CARD.c.state.in_(WORKED), CARD.c.historic.is_(False))
    query = select(*(CARD.c[name] for name in named)).where(*wanted, CARD.c.window.is_not(None))
    return query.order_by(rank, CARD.c.number)


_GRAVEST: Final = QuickSelect(lambda _: _gravest())


def latest_cards(conn: Connection, hall: str, most: int) -> list[dict[str, Any]]:
    """The newest cards of the hall, the newest first, whatever became of them but those withdrawn."""
    return [row._asdict() for row in _LATEST.run(conn, hall=hall, most=most)]


def _latest() -> Select[Any]:
    named = ("number", "rule", "level", "state", "kind", "key", "window", "unit", "staff", "since", "issued", "reason")
    wanted = (CARD.c.hall == bindparam("hall"), CARD.c.historic.is_(False), CARD.c.state != "withdrawn")
    query = select(*(CARD.c[name] for name in named)).where(*wanted)
    return query.order_by(CARD.c.number.desc()).limit(bindparam("most", type_=BigInteger()))


_LATEST: Final = QuickSelect(lambda _: _latest())


def cards_by_level(conn: Connection, hall: str) -> Mapping[str, int]:
    """Cards that somebody still has to end, by level."""
    return {row.level: int(row.n) for row in _BY_LEVEL.run(conn, hall=hall)}


_BY_LEVEL: Final = QuickSelect(
    lambda _: (
        select(CARD.c.level, func.count().label("n"))
        .where(CARD.c.hall == bindparam("hall"), CARD.c.state.in_(WORKED), CARD.c.historic.is_(False))
        .group_by(CARD.c.level)
    )
)
