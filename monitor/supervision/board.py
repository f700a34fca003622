"""The hall at a glance (监察大屏): each window as it stands now, by the same posts that cards are judged on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from monitor.attendance.dayline import STATES, Shown, next_change
from monitor.attendance.policy import PostPolicy
from monitor.attendance.slots import post_key
from monitor.model import Span, Window
from monitor.store import board as stored
from monitor.store.alerts import names
from monitor.store.facts.look import Look
from monitor.store.facts.posts import load_posts
from monitor.store.sql import chunks
from monitor.supervision.postdays import parts_of
from monitor.workcal.calendar import WorkCalendar

OFF: Final = "off"
"""No session runs: it is not known who is there, and nobody has to be."""
TILE_STATES: Final = (*STATES, OFF)
LATEST: Final = 15
READ_AT_ONCE: Final = 8
"""Windows whose sessions are in memory at once: a camera says hundreds of things in each, and a board stays open."""
RATED_WITHIN: Final = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """One window now: `state` of TILE_STATES, unchanged since `since`; `who` is there (staff ids), `inferred` where no
    event names them; of an empty or excused one `charged`, who answers. `session`: [start, end) that runs.
    """

    window: str
    name: str
    unit: str | None
    state: str
    since: datetime | None = None
    cause: str = ""
    who: tuple[str, ...] = ()
    inferred: bool = False
    charged: str | None = None
    session: Span | None = None
    running: int = 0
    overdue: int = 0
    rating: stored.Last | None = None
    card: Mapping[str, Any] | None = None
    device_card: Mapping[str, Any] | None = None
    """Of a device that stands there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """A hall at `as_of`. `unplaced`: (running, overdue) cases that no window is known of."""

    hall: str
    name: str
    zone: ZoneInfo
    as_of: datetime
    tiles: tuple[Tile, ...]
    cards: Mapping[str, int]
    unplaced: tuple[int, int]
    latest: tuple[Mapping[str, Any], ...] = ()
    """The newest cards, the newest first."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Names by `kind:id` of the windows, units and people that stand here (DESIGN §1F: filled in when rendering)."""

    def counters(self) -> dict[str, int]:
        """{"present", "empty", "excused", "unknown", "unwatched", "closed", "off", "running", "overdue"}."""
        return self.counters_of(self.tiles, whole=True)

    def counters_of(self, tiles: Iterable[Tile], *, whole: bool) -> dict[str, int]:
        """The same of some windows; `whole`: with the cases of the hall that no window is known of."""
        counted = dict.fromkeys(("present", "empty", "excused", "unknown", "unwatched", "closed", OFF), 0)
        chosen = list(tiles)
        for tile in chosen:
            counted[tile.state if tile.state in counted else "present"] += 1
        running, overdue = self.unplaced if whole else (0, 0)
        counted["running"] = sum(t.running for t in chosen) + running
        counted["overdue"] = sum(t.overdue for t in chosen) + overdue
        return counted


class State(NamedTuple):
    """The session that runs at a window (None: none does), what is told of it up to when it was looked at, and when
    after that time alone may change who is told to be there (None: it does not in this session).
    """

    session: Span | None
    parts: tuple[Shown, ...] = ()
    changes_at: datetime | None = None


def windows_of(look: Look, hall: str) -> list[Window]:
    return sorted((w for w in look.registry.windows.values() if w.hall == hall), key=lambda w: w.id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """What a board tells beside who is there: cases, ratings and cards by window."""

    cases: Mapping[str | None, tuple[int, int]]
    ratings: Mapping[str, stored.Last]
    cards: Mapping[str, Mapping[str, Any]]
    of_devices: Mapping[str, Mapping[str, Any]]
    latest: tuple[Mapping[str, Any], ...]
    levels: Mapping[str, int]


def counted(look: Look, hall: str, known: Counted | None = None, among: Set[str] = frozenset()) -> Counted:
    """Counted anew; where it was `known`, `among` "cases", "ratings" and "cards" alone."""
    if known is None:
        return Counted(
            cases=stored.cases_by_window(look.conn, hall), ratings=_ratings(look, hall), **_cards(look, hall)
        )
    changed: dict[str, Any] = {}
    if "cases" in among:
        changed["cases"] = stored.cases_by_window(look.conn, hall)
    if "ratings" in among:
        changed["ratings"] = _ratings(look, hall)
    if "cards" in among:
        changed |= _cards(look, hall)
    return replace(known, **changed)


def recounted(before: Counted, now: Counted) -> set[str]:
    """The windows of which something was counted otherwise."""
    found: set[str] = set()
    for name in ("cases", "ratings", "cards", "of_devices"):
        old, new = getattr(before, name), getattr(now, name)
        if old is not new:
            found |= {window for window in old.keys() | new.keys() if window and old.get(window) != new.get(window)}
    return found


def _ratings(look: Look, hall: str) -> dict[str, stored.Last]:
    return stored.last_ratings(look.conn, [w.id for w in windows_of(look, hall)], look.now - RATED_WITHIN)


def _cards(look: Look, hall: str) -> dict[str, Any]:
    cards, of_devices = stored.gravest_cards(look.conn, hall)
    latest, levels = stored.latest_cards(look.conn, hall, LATEST), stored.cards_by_level(look.conn, hall)
    return {"cards": cards, "of_devices": of_devices, "latest": tuple(latest), "levels": levels}


def composed(
    look: Look, hall: str, known: Mapping[str, State], told: Counted, kept: Mapping[str, Tile] | None = None
) -> Board:
    """The board from the states of its windows and what was counted beside them. `kept`: tiles that are as
    they were.
    """
    windows = windows_of(look, hall)
    as_before = kept or {}
    place = look.registry.halls[hall]
    mine = {w.id for w in windows}
    rest = [both for window, both in told.cases.items() if window not in mine]
    tiles = tuple(as_before.get(w.id) or _whole_tile(w, known[w.id], told) for w in windows)
    return Board(
        hall=hall,
        name=place.name or hall,
        zone=look.registry.zone_of(hall),
        as_of=look.now,
        tiles=tiles,
        cards=told.levels,
        unplaced=(sum(running for running, _ in rest), sum(overdue for _, overdue in rest)),
        latest=told.latest,
        names=_names(look, hall, tiles, told.latest),
    )


def _names(look: Look, hall: str, tiles: Iterable[Tile], latest: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Names by `kind:id` of a hall's windows and units, and of the people who stand on its board."""
    registry = look.registry
    found = {f"unit:{u.id}": u.name for u in registry.units.values() if u.hall == hall}
    found |= {f"window:{w.id}": w.name for w in registry.windows.values() if w.hall == hall}
    people = {one for tile in tiles for one in (*tile.who, tile.charged) if one}
    people |= {card["staff"] for card in latest if card["staff"]}
    found |= names(look.conn, {"staff": sorted(people)})
    return {key: name for key, name in found.items() if name}


def states(look: Look, policy: PostPolicy, windows: Iterable[Window]) -> dict[str, State]:
    """The states of some windows; some milliseconds each."""
    spans = sessions_now(look, windows)
    keys = {
        post_key(window, span[0], look.book.for_window(look.registry, window)): window
        for window, span in spans.items()
        if span is not None
    }
    told = {window: State(span) for window, span in spans.items()}
    for batch in chunks(list(keys), READ_AT_ONCE):
        for key, loaded in load_posts(look, batch).items():
            parts = _as_last_known(parts_of(loaded.facts, policy, look.now), policy.lag)
            changes_at = next_change(loaded.facts, policy, look.now)
            told[keys[key]] = State(spans[keys[key]], parts, changes_at)
    return told


def _as_last_known(parts: tuple[Shown, ...], lag: timedelta) -> tuple[Shown, ...]:
    """Without what evidence lags behind the clock in normal operation: there is always a moment that nothing has been
    heard of yet, and a window stands as it was last known until that is longer (ADR 4).
    """
    if len(parts) > 1 and parts[-1].cause == "lag" and parts[-1].end - parts[-1].start <= lag:
        return parts[:-1]
    return parts


def sessions_now(look: Look, windows: Iterable[Window]) -> dict[str, Span | None]:
    """Of each window the session that runs; None outside of its hours."""
    calendars = {window.id: look.book.for_window(look.registry, window.id) for window in windows}
    running = {calendar: session_now(calendar, look.now) for calendar in set(calendars.values())}
    return {window: running[calendar] for window, calendar in calendars.items()}


def session_now(calendar: WorkCalendar, now: datetime) -> Span | None:
    return next((span for span in calendar.sessions(calendar.local_date(now)) if span[0] <= now < span[1]), None)


def _whole_tile(window: Window, state: State, told: Counted) -> Tile:
    running, overdue = told.cases.get(window.id, (0, 0))
    return replace(
        _tile(window, state.session, state.parts),
        running=running,
        overdue=overdue,
        rating=told.ratings.get(window.id),
        card=told.cards.get(window.id),
        device_card=told.of_devices.get(window.id),
    )


def _tile(window: Window, session: Span | None, parts: Sequence[Shown]) -> Tile:  # fmt: skip
    last = parts[-1] if parts else None
    since = last.start if last is not None else None
    for part in reversed(parts):
        if last is None or part.state != last.state or part.who != last.who or part.end < (since or part.end):
            break
        since = part.start
    return Tile(
        window=window.id,
        name=window.name or window.id,
        unit=window.unit,
        state=last.state if last is not None else (OFF if session is None else "unknown"),
        since=since if last is not None else (session[0] if session is not None else None),
        cause=last.cause if last is not None else "",
        who=last.who if last is not None else (),
        inferred=last.inferred if last is not None else False,
        charged=last.charged if last is not None else None,
        session=session,
    )
