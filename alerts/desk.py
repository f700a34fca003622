"""What planning has to know of the halls at one instant: the registry, calendars, silences, who is in which office."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from alerts.contents import place_of
from alerts.hiding import Hidden, Silence, hidden, inhibits
from alerts.matching import Match, Place
from alerts.people import DUTY, Directory, dynamic_names, settle
from alerts.policy import AlertPolicy, Inhibit
from alerts.routing import Routed, route
from monitor.model import Level, Registry
from monitor.store import alert_holds
from monitor.store.calendars import CalendarBook
from monitor.store.registry import RegistryCache
from monitor.workcal import WorkCalendar


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A look at one instant. `now` is on the program's clock."""

    policy: AlertPolicy
    now: datetime
    registry: Registry
    book: CalendarBook
    silences: tuple[Silence, ...]
    people: Directory
    idle: frozenset[int] = frozenset()
    """Inhibitions, by their place in the settings, that no standing card can be the source of."""

    def calendar(self, hall: str | None) -> WorkCalendar:
        return self.book.for_hall(self.registry, hall)

    def zone(self, hall: str | None) -> str:
        found = self.registry.halls.get(hall or "")
        return found.zone if found else self.policy.zone

    def place(self, card: Mapping[str, Any], level: str) -> Place:
        """Where a card row stands at a level, and whether its hall works now."""
        working = self.calendar(card["hall"]).open_at(self.now)
        return place_of(card, level, hours="work" if working else "off")

    def routed(self, place: Place) -> tuple[dict[str, Routed], tuple[str, ...]]:
        """The receivers of a card now, and what was found wanting.

        A promise that was not kept goes where a yellow card of that place goes: few route reminders, and nobody else
        would hear of it.
        """
        asked = replace(place, level=max(place.level, Level.YELLOW)) if place.rule == "order.promise" else place
        return settle(self.policy, self.people, place, route(self.policy, asked))

    def hides(self, conn: Connection, card: int, place: Place, *, ended: bool = False) -> Hidden | None:
        """What keeps the card from being told now."""
        return hidden(
            self.policy, place, self.now, silences=self.silences, calendar=self.calendar(place.hall),
            zone=self.zone(place.hall), source=lambda rule: self._source(conn, rule, card, place), ended=ended,
        )  # fmt: skip

    def _source(self, conn: Connection, rule: Inhibit, card: int, place: Place) -> int | None:
        if self.policy.inhibit.index(rule) in self.idle:
            return None
        return _source(conn, rule, card, place)


def _source(conn: Connection, rule: Inhibit, card: int, place: Place) -> int | None:
    """The first standing card that hides this one by the rule."""
    names = [name for name in rule.equal if name in ("hall", "unit", "window")]
    found = alert_holds.candidates(
        conn,
        card,
        levels=rule.source.levels,
        rules=_names(rule),
        equal={name: getattr(place, name) for name in names},
        subject=(place.kind, place.key) if "subject" in rule.equal else None,
    )
    return next((one["number"] for one in found if inhibits(rule, place_of(one, one["level"]), place)), None)


def _has_source(conn: Connection, rule: Inhibit) -> bool:
    """Whether any card stands that may hide others by the rule; one of the very subject is asked for each card."""
    if "subject" in rule.equal:
        return True
    found = alert_holds.candidates(
        conn, 0, levels=rule.source.levels, rules=_names(rule), equal={}, subject=None, limit=1
    )
    return bool(found)


def _names(rule: Inhibit) -> tuple[str, ...]:
    """The source's rules where they are named in full."""
    return () if any("*" in name for name in rule.source.rule) else rule.source.rule


@dataclass(frozen=True, kw_only=True)
class DeskLoader:
    """Reads desks. `calendars` gives the book of calendars that a connection sees."""

    policy: AlertPolicy
    registry: RegistryCache
    calendars: Callable[[Connection], CalendarBook]

    def load(self, conn: Connection, now: datetime) -> Desk:
        return Desk(
            policy=self.policy,
            now=now,
            registry=self.registry.get(conn),
            book=self.calendars(conn),
            silences=tuple(silence_of(row) for row in alert_holds.silences(conn, now)),
            people=self._people(conn, now),
            idle=frozenset(n for n, rule in enumerate(self.policy.inhibit) if not _has_source(conn, rule)),
        )

    def _people(self, conn: Connection, now: datetime) -> Directory:
        names = dynamic_names(self.policy)
        registry = self.registry.get(conn)
        if not names:
            return Directory(registry=registry)
        day = now.astimezone(ZoneInfo(self.policy.zone)).date()
        return Directory(
            registry=registry,
            rota=alert_holds.rota(conn, day, _roles(names)),
            away=alert_holds.on_leave(conn, now),
            substitutes=alert_holds.standing_in(conn, now),
        )


def _roles(names: Iterable[str]) -> set[str]:
    return {name.removeprefix(DUTY) for name in names if name.startswith(DUTY)}


def silence_of(row: Mapping[str, Any]) -> Silence:
    """A row of `silence`."""
    return Silence(
        id=row["id"], match=Match.model_validate(row["matchers"]), starts=row["starts"], ends=row["ends"],
        author=row["author"], reason=row["reason"], ended_at=row["ended_at"],
    )  # fmt: skip
