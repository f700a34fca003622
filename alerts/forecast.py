"""What `alerts route` says: who would get a card, how, when, why, and who after them if nobody acknowledges it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection

from alerts.channels.base import Channel
from alerts.desk import Desk
from alerts.matching import Place
from alerts.people import resolve
from alerts.policy import AlertPolicy, Lang
from alerts.standing import steps_up
from alerts.telling import Notice

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

    def as_json(self) -> Mapping[str, Any]:
        return {**asdict(self), "at": self.at.isoformat(), "group": list(self.group)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """`told`: those routed to, then the steps up. `missing`: people who should be told and have no receiver."""

    told: tuple[Preview, ...]
    missing: tuple[str, ...] = ()


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
            at, when, held = self.desk.now + timedelta(seconds=wait), "grouped" if wait else "now", ""
            until = self.desk.now + timedelta(minutes=choice.for_minutes)
            if hidden is not None and hidden.until >= until:
                at, when, held = hidden.until, "held", f"{hidden.why} {hidden.by or ''} {hidden.said}".strip()
            elif choice.for_minutes:
                at, when, held = until, "held", f"for_minutes {choice.for_minutes:g}"
            told.append(self._preview(receiver, choice.group, wait, choice.why, at, when, held))  # type: ignore[arg-type]
        steps = tuple(self._steps(place, since or self.desk.now, told))
        return Forecast(told=(*told, *steps), missing=missing)

    def _preview(
        self, receiver: str, group: tuple[str, ...], wait: float, why: str, at: datetime, when: When, held: str = "",
        step: float = 0,
    ) -> Preview:  # fmt: skip
        return Preview(
            receiver=receiver, channel=self.channels[receiver].name, lang=self.policy.lang_of(receiver), group=group,
            wait_seconds=wait, why=why, at=at, when=when, held=held, step=step,
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
