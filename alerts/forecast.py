"""What `alerts route` says: who would get a card, how, when, why, and who after them if nobody acknowledges it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection

from alerts.channels.base import Channel
from alerts.desk import Desk
from alerts.hiding import Hidden
from alerts.matching import Place
from alerts.people import resolve
from alerts.policy import AlertPolicy, Lang
from alerts.standing import steps_up
from alerts.telling import Notice
from monitor.model import Level

When = Literal["now", "grouped", "held"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """Who would get a card, how, when (`at`, program's clock) and by which route.

    `held`: why it would not leave before `at`. `step`: working minutes without acknowledgement after which the
    hierarchy comes to this receiver; 0: the routes say so.
    """

    receiver: str
    channel: str
    lang: Lang
    group: tuple[str, ...]
    wait_seconds: float
    why: str
    at: datetime
    when: When = "now"
    held: str = ""
    step: float = 0
    hidden: Hidden | None = None
    """What holds it, where that is not the time that a condition has to last."""
    repeat_minutes: float = 0
    """Working minutes after which it is told again while nobody acknowledges; 0: never."""

    def as_json(self) -> Mapping[str, Any]:
        told = {key: value for key, value in asdict(self).items() if key not in ("hidden", "repeat_minutes")}
        return {**told, "at": self.at.isoformat(), "group": list(self.group)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """`told`: those routed to, then the steps up. `missing`: people who should be told and have no receiver."""

    told: tuple[Preview, ...]
    missing: tuple[str, ...] = ()
    place: Place | None = None
    """Where the card stands, and whether its hall works then."""
    too_old: bool = False
    """The condition is older than `alerts.max_age`: the digest alone tells of it."""


@dataclass(frozen=True, kw_only=True)
class Forecaster:
    policy: AlertPolicy
    channels: Mapping[str, Channel]
    desk: Desk

    def forecast(self, conn: Connection, place: Place, *, card: int = 0, since: datetime | None = None) -> Forecast:
        """What becomes of a card at a place now; `since`: when its level was told, for the steps (default: now)."""
        routed, missing = self.desk.routed(place)
        hidden = self.desk.hides(conn, card, place)
        told = []
        for receiver, choice in routed.items():
            wait = choice.wait_seconds if self.channels[receiver].grouped else 0.0
            at, held = self.desk.now + timedelta(seconds=wait), ""
            when: When = "grouped" if wait else "now"
            until, by = self.desk.now + timedelta(minutes=choice.for_minutes), None
            if hidden is not None and hidden.until >= until:
                at, when, by = hidden.until, "held", hidden
                held = f"{hidden.why} {hidden.by or ''} {hidden.said}".strip()
            elif choice.for_minutes:
                at, when, held = until, "held", f"for_minutes {choice.for_minutes:g}"
            told.append(
                self._preview(
                    receiver,
                    choice.group,
                    wait,
                    choice.why,
                    at,
                    when,
                    held,
                    hidden=by,
                    repeat=0.0 if place.level is Level.REMINDER else choice.repeat_minutes,
                )  # fmt: skip
            )
        steps = tuple(self._steps(place, since or self.desk.now, told))
        return Forecast(told=(*told, *steps), missing=missing, place=place)

    def _preview(
        self, receiver: str, group: tuple[str, ...], wait: float, why: str, at: datetime, when: When, held: str = "",
        step: float = 0, hidden: Hidden | None = None, repeat: float = 0.0,
    ) -> Preview:  # fmt: skip
        return Preview(
            receiver=receiver, channel=self.channels[receiver].name, lang=self.policy.lang_of(receiver), group=group,
            wait_seconds=wait, why=why, at=at, when=when, held=held, step=step, hidden=hidden, repeat_minutes=repeat,
        )  # fmt: skip

    def _steps(self, place: Place, since: datetime, told: list[Preview]) -> Iterator[Preview]:
        """The steps of the hierarchy, for a card that somebody is told of."""
        notice = Notice(sequence=0, at=since, event="issued", level=place.level.word)
        calendar = self.desk.calendar(place.hall)
        for one in steps_up(self.policy, place, notice, calendar.add_working_time):
            for name in one.step.receivers:
                resolved = resolve(self.policy, self.desk.people, place, name)
                for receiver in resolved.receivers:
                    why = f"alerts.escalation[{int(one.purpose[5:]) - 1}]: {resolved.why}"
                    yield self._preview(receiver, (), 0.0, why, one.at, "now", step=one.step.after_minutes)
