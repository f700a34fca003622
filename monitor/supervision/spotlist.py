"""Spot checks (抽查, A17) as lists show them, and one with how it came about and what it proves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select

from monitor.access import Principal, Target, refusal
from monitor.attendance.policy import PostPolicy
from monitor.model import Registry
from monitor.store import spotchecks
from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.facts.look import Look
from monitor.store.spotchecks import SPOT
from monitor.supervision.reach import within
from monitor.supervision.refused import Refused
from monitor.supervision.spotresults import CHECK, check_json
from monitor.supervision.spots import DRAW, in_service, verify

State: TypeAlias = Literal["open", "late", "done"]
STATES: Final[tuple[State, ...]] = ("open", "late", "done")
EVENTS: Final = ("spot.recorded", "spot.corrected")


@dataclass(frozen=True, kw_only=True, slots=True)
class SpotsAsked:
    """Filters; `before`: the number that the page begins behind, the newest first."""

    hall: str | None = None
    window: str | None = None
    state: State | None = None
    before: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """One time that somebody wrote down what a check found; `note` where whoever asks may read the audit."""

    at: datetime
    by: str
    result: str
    people: int | None
    seen_at: datetime | None
    note: str | None


@dataclass(frozen=True, kw_only=True)
class SpotFile:
    """A check as `check_json` has it; `draw`: how the draw came about (None: it was ordered by the judge);
    `holds_to`: up to when what was seen says something of the window.
    """

    check: dict[str, Any]
    draw: dict[str, Any] | None
    records: tuple[Recorded, ...]
    holds_to: datetime | None


def list_spots(
    conn: Connection, registry: Registry, now: datetime, who: Principal, asked: SpotsAsked, limit: int
) -> list[dict[str, Any]]:
    """The newest `limit` + 1 checks that fit, within reach, in the shape of `check_json`."""
    chosen = [within(who, SPOT.c), *_filters(asked, now)]
    rows = conn.execute(select(SPOT).where(*chosen).order_by(SPOT.c.id.desc()).limit(limit + 1)).all()
    return [check_json(row, registry, now) for row in rows]


def counts(conn: Connection, now: datetime, who: Principal, hall: str | None) -> dict[State, int]:
    """How many checks of each state lie within reach; those past their time are open as well."""
    found: dict[State, int] = {}
    for state in STATES:
        chosen = _filters(SpotsAsked(hall=hall, state=state), now)
        query = select(func.count()).select_from(SPOT).where(within(who, SPOT.c), *chosen)
        found[state] = int(conn.execute(query).scalar_one())
    return found


def _filters(asked: SpotsAsked, now: datetime) -> list[ColumnElement[bool]]:
    states = {
        "open": SPOT.c.result.is_(None),
        "late": and_(SPOT.c.result.is_(None), SPOT.c.due_at <= now),
        "done": SPOT.c.result.is_not(None),
    }
    found: list[ColumnElement[bool]] = []
    if asked.hall is not None:
        found.append(SPOT.c.hall == asked.hall)
    if asked.window is not None:
        found.append(SPOT.c.window == asked.window)
    if asked.state is not None:
        found.append(states[asked.state])
    if asked.before is not None:
        found.append(SPOT.c.id < asked.before)
    return found


def require_spot(conn: Connection, registry: Registry, who: Principal, number: int) -> Row[Any]:
    """The check. Raises Refused alike for a number that there is not and for one beyond reach."""
    row = spotchecks.find(conn, number)
    if row is not None:
        place = Target(hall=row.hall, unit=registry.charge(window=row.window).unit, window=row.window)
        if refusal(who, CHECK, place) is None:
            return row
    raise Refused(
        f"spot {number}: 没有这个号的抽查 there is none of this number; `jiancha spot list` 列出 shows them",
        sort="missing",
    )


def spot_file(look: Look, policy: PostPolicy, who: Principal, number: int) -> SpotFile:
    """One check with everything. Raises Refused."""
    row = require_spot(look.conn, look.registry, who, number)
    drawn = look.conn.execute(
        select(AUDIT.c.id).where(AUDIT.c.object_kind == DRAW, AUDIT.c.object_id == row.draw).limit(1)
    ).first()
    return SpotFile(
        check=check_json(row, look.registry, look.now),
        draw=verify(look.conn, row.draw) if drawn is not None else None,
        records=tuple(_records(look.conn, number, may_read=refusal(who, "audit:read", Target(hall=row.hall)) is None)),
        holds_to=_holds_to(row, policy),
    )


def _records(conn: Connection, number: int, *, may_read: bool) -> list[Recorded]:
    notes = and_(PRIVATE.c.audit == AUDIT.c.id, PRIVATE.c.name == "note")
    query = (
        select(AUDIT.c.at, AUDIT.c.actor, AUDIT.c.body, PRIVATE.c.value)
        .outerjoin(PRIVATE, notes)
        .where(AUDIT.c.object_kind == "spot_check", AUDIT.c.object_id == str(number), AUDIT.c.action.in_(EVENTS))
        .order_by(AUDIT.c.id)
    )
    return [
        Recorded(
            at=row.at, by=row.actor, result=row.body["result"], people=row.body["people"],
            seen_at=datetime.fromisoformat(row.body["seen_at"]) if row.body.get("seen_at") else None,
            note=(_text(row.value) if may_read else None),
        )
        for row in conn.execute(query)
    ]  # fmt: skip


def _text(value: Any) -> str:
    """A private value as text; "" where its retention is over."""
    return value if isinstance(value, str) else ""


def _holds_to(row: Row[Any], policy: PostPolicy) -> datetime | None:
    """Somebody who was seen counts for a while (the sign's lifetime), nobody as long as a camera's reading (A17)."""
    if row.result in ("present", "short"):
        held: datetime = row.seen_at + policy.lifetime("spot")
        return held
    if row.result == "empty":
        ended: datetime = row.seen_at + timedelta(seconds=policy.camera_seconds)
        return ended
    return None


def orderable(look: Look, who: Principal, hall: str) -> list[str]:
    """Windows of a hall that can be ordered a check of now: in service, none waiting, within reach."""
    if refusal(who, CHECK, Target(hall=hall)) is not None:
        return []
    return sorted(set(in_service(look, hall)) - spotchecks.open_windows(look.conn, hall))
