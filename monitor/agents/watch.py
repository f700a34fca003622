"""What the demo's screen shows of the store: windows as they stand, cards, what cannot be judged. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, select

from monitor.attendance.slots import post_key
from monitor.model import Outcome, Registry
from monitor.store.engine import Store
from monitor.store.schema import DutyRow, PresenceRow, RawEvent, Subject
from monitor.store.sql import table_of
from monitor.supervision.cardlist import CardFilter, list_cards
from monitor.workcal import WorkCalendar

SUBJECT: Final = table_of(Subject)
PRESENCE: Final = table_of(PresenceRow)
DUTY: Final = table_of(DutyRow)
RAW: Final = table_of(RawEvent)
NOBODY: Final = (0, "pause", "off")
"""What camera and evaluator say of a window where nobody is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowView:
    """`seen`: people that the camera saw last, or the last duty action (on, off, pause, resume); None: nothing yet.

    `state`: off (outside service hours), watched (in order), waiting (not judged yet), leaving (nobody there, below the
    first level), unknown, yellow, red.
    """

    id: str
    seen: int | str | None
    state: str


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """One look. `cards` as `cards list --json` gives them, oldest first; `unknown`: subjects by kind that cannot be
    judged now; `slots`: verdicts of the slots asked for, by key.
    """

    now: datetime
    windows: tuple[WindowView, ...]
    cards: tuple[dict[str, Any], ...]
    unknown: Mapping[str, int]
    slots: Mapping[str, str]
    events: int


class Watcher:
    """Looks at a store that another process writes."""

    def __init__(self, store: Store, registry: Registry, calendar: WorkCalendar, slots: frozenset[str]) -> None:
        self._store = store
        self._registry = registry
        self._calendar = calendar
        self._slots = slots
        self._zones = {hall.id: hall.zone for hall in registry.halls.values()}

    def look(self, now: datetime) -> View:
        with self._store.read() as conn:
            cards = tuple(list_cards(conn, CardFilter(), self._zones))
            unknown = (
                select(SUBJECT.c.kind, func.count().label("subjects"))
                .where(SUBJECT.c.verdict == "unknown")
                .group_by(SUBJECT.c.kind)
            )
            return View(
                now=now,
                windows=self._windows(conn, now, cards),
                cards=cards,
                unknown={row.kind: row.subjects for row in conn.execute(unknown)},
                slots=_verdicts(conn, "slot", self._slots),
                events=conn.execute(select(func.count()).select_from(RAW)).scalar_one(),
            )

    def _windows(self, conn: Connection, now: datetime, cards: tuple[dict[str, Any], ...]) -> tuple[WindowView, ...]:
        session = self._session(now)
        keys = {w: post_key(w, session, self._calendar) for w in self._registry.windows} if session else {}
        verdicts = _verdicts(conn, "post", keys.values())
        standing = {c["subject"]["id"]: c["level"] for c in cards if c["rule"] == "post.empty" and not c["cleared_at"]}
        seen = _last(conn, PRESENCE, "people") | _last(conn, DUTY, "action")
        return tuple(
            WindowView(id=w, seen=seen.get(w), state=_state(keys.get(w), verdicts, standing, seen.get(w)))
            for w in self._registry.windows
        )

    def _session(self, now: datetime) -> datetime | None:
        """The start of the session that runs now."""
        sessions = self._calendar.sessions(self._calendar.local_date(now))
        return next((start for start, end in sessions if start <= now < end), None)


def _state(key: str | None, verdicts: Mapping[str, str], standing: Mapping[str, str], seen: int | str | None) -> str:
    """A cleared yellow or red keeps its verdict, so that the card says whether somebody is back."""
    if key is None:
        return "off"
    if key in standing:
        return standing[key]
    verdict = verdicts.get(key, Outcome.PENDING)
    if verdict == Outcome.UNKNOWN:
        return "unknown"
    if verdict == Outcome.PENDING:
        return "leaving" if seen in NOBODY else "waiting"
    return "watched"


def _verdicts(conn: Connection, kind: str, keys: Any) -> dict[str, str]:
    query = select(SUBJECT.c.key, SUBJECT.c.verdict).where(SUBJECT.c.kind == kind, SUBJECT.c.key.in_(list(keys)))
    return {row.key: row.verdict for row in conn.execute(query)}


def _last(conn: Connection, table: Any, column: str) -> dict[str, Any]:
    """The column's value of each window's newest row, by time of the event."""
    newest = select(table.c.window, func.max(table.c.at).label("at")).group_by(table.c.window).subquery()
    query = select(table.c.window, table.c[column].label("seen")).join(
        newest, (newest.c.window == table.c.window) & (newest.c.at == table.c.at)
    )
    return {row.window: row.seen for row in conn.execute(query)}
