"""Who is there to decide a request: people in service, by role and reach (审批人)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from monitor.access import ROLES, Principal, Target, refusal
from monitor.attendance.requestpolicy import RISING
from monitor.store import users
from monitor.supervision.people import principal_from
from monitor.supervision.requestflow import Actor, Flow, Vacant, decider, may_decide

_THEIRS: Final = {"hall": "halls", "unit": "units", "window": "windows"}


def flow_of(row: Any) -> Flow:
    """A stored request as its states see it."""
    return Flow(chain=tuple(row.chain or ()), step=row.step, state=row.state)


def place_of(row: Any) -> Target:
    return Target(hall=row.hall, unit=row.unit, window=row.window, staff=row.staff)


def actor_of(who: Principal, row: Any) -> Actor:
    """How somebody stands to a request."""
    return Actor(
        role=who.role,
        own=who.staff is not None and who.staff in (row.staff, row.substitute),
        filed=who.id == row.filed_by,
        reaches=refusal(who, "requests:decide", place_of(row)) is None,
    )


@dataclass(frozen=True)
class Deciders:
    """Everybody in service who may decide something, by role and place (the window, unit or hall that it reaches): read
    once, asked for many requests.
    """

    people: Mapping[tuple[str, str], Sequence[Principal]]

    @classmethod
    def read(cls, conn: Connection) -> Deciders:
        found: dict[tuple[str, str], list[Principal]] = {}
        for row in users.all_of_them(conn):
            if row.disabled_at is None and row.role in RISING:
                who = principal_from(row)
                for place in getattr(who, _THEIRS[ROLES[who.role].reach]):
                    found.setdefault((who.role, place), []).append(who)
        return cls(found)

    def vacant(self, row: Any) -> Vacant:
        """Of one request: in which roles nobody is there for it."""

        def is_vacant(role: str) -> bool:
            place = getattr(row, ROLES[role].reach)
            return all(_barred(who, row) for who in self.people.get((role, place), ()))

        return is_vacant

    def waits_for(self, row: Any) -> str | None:
        """The role that decides the next step; None once it is decided."""
        return decider(flow_of(row), self.vacant(row))

    def may(self, who: Principal, row: Any) -> bool:
        """Whether somebody may decide the next step."""
        return may_decide(flow_of(row), actor_of(who, row), self.vacant(row)) is None


def _barred(who: Principal, row: Any) -> bool:
    return who.id == row.filed_by or (who.staff is not None and who.staff in (row.staff, row.substitute))
