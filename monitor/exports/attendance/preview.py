"""What closing a month of attendance means, before it is signed (关账预览): what is open, what differs, and a mark of
what was seen, so that nothing else is signed than that.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Row, select, tuple_

from monitor.access import Principal, Target, refusal
from monitor.exports.attendance import BadExport, draft, kept_tables
from monitor.exports.attendance.closing import Next, first_version, next_version
from monitor.exports.attendance.corrections import Difference, differences, unkept
from monitor.exports.attendance.month import HallMonth
from monitor.exports.attendance.openpoints import open_points
from monitor.exports.attendance.tables import Tables
from monitor.model import Outcome
from monitor.settings import Policy
from monitor.store import months
from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.cards import CARD
from monitor.store.facts.look import Look
from monitor.store.months import CLOSED
from monitor.store.retention import ENDED
from monitor.store.schema import LostSpan, metadata
from monitor.store.sql import table_of
from monitor.store.subjects import SUBJECT
from monitor.supervision.refused import Refused
from monitor.wording.words import Texts

LOST: Final = table_of(LostSpan)
CLOSE: Final = "attendance:close"
KINDS: Final = ("unknown", "review", "leave", "correction", "request", "card", "post", "device", "lost")
"""Kinds of open points in the order in which they are shown."""
UNSETTLED: Final = (Outcome.UNKNOWN, Outcome.REVIEW)


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One thing that may still change the month. `day`: on which; `card`, `window`, `device`, `request`: what it is
    settled at; `says`: why in both languages, with WINDOW for the window's name; `blocks`: whether the sign-off has to
    accept it (those of the sheet itself).
    """

    kind: str
    day: date | None
    why: str = ""
    says: Texts | None = None
    staff: str | None = None
    slot: str = ""
    card: int | None = None
    window: str | None = None
    device: str | None = None
    request: int | None = None
    until: datetime | None = None
    blocks: bool = False


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A month as it would be signed at `made`. `version`: the newest one that is signed, 0: none; `changed`: how it
    differs from that; `seen`: the mark of what is shown; `kept`: whether the newest version's sheet is still there.
    """

    hall: str
    month: str
    version: int
    state: str
    over: bool
    last: date
    people: int
    made: datetime
    points: tuple[Point, ...]
    changed: tuple[Difference, ...]
    seen: str

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(point.kind for point in self.points)
        return {kind: found[kind] for kind in KINDS if found[kind]}

    @property
    def blocking(self) -> int:
        """Open points that have to be accepted."""
        return sum(point.blocks for point in self.points)


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A version that was signed. `reason`: None where whoever asks may not read it; `intact`: the kept sheet is what
    the digest says (None: it is past its retention).
    """

    hall: str
    month: str
    version: int
    closed_at: datetime
    closed_by: str
    digest: str
    corrections: int
    reason: str | None
    intact: bool | None


def require_hall(look: Look, who: Principal, hall: str) -> None:
    """Refuse alike a hall that there is not and one beyond reach."""
    if hall not in look.registry.halls or refusal(who, CLOSE, Target(hall=hall)) is not None:
        raise Refused(f"{hall}: 没有此大厅 there is no such hall", sort="missing")


def preview(look: Look, policy: Policy, month: str, hall: str) -> Preview:
    """The month as it is now; takes as long as its sheet. Raises Refused."""
    try:
        before = kept_tables(look, month, hall)
        found = draft(look, policy, month, hall)
    except BadExport as error:
        raise refused(error) from error
    sheet = _of_sheet(found.month)
    told = {point.card for point in sheet}
    cards = [point for point in _cards(look, found.month) if point.card not in told]
    points = [*sheet, *_requests(look, found.month), *cards, *_posts(look, hall, month), *_devices(look, found.month)]
    return Preview(
        hall=hall, month=month, version=before.version if before else 0, state=before.state if before else "",
        over=found.is_over, last=found.month.days[-1], people=len(found.month.people), made=look.now,
        points=tuple(sorted(points, key=lambda p: (KINDS.index(p.kind), p.day or date.min, p.staff or "", p.slot))),
        changed=tuple(differences(before, found.tables)) if before else (), seen=mark_of(found.tables),
    )  # fmt: skip


def sign(
    look: Look, policy: Policy, month: str, hall: str, who: Principal, reason: str, *, accept_open: bool,
    seen: str | None,
) -> Next:  # fmt: skip
    """The version to be kept: the first one, or the one that corrects the newest. `seen`: the mark of the preview.

    Raises Refused where it cannot be, or where by now the month is not what was seen.
    """
    try:
        if kept_tables(look, month, hall) is None:
            made = first_version(look, policy, month, hall, who, reason, accept_open=accept_open)
        else:
            made = next_version(look, policy, month, hall, who, reason)
    except BadExport as error:
        raise refused(error) from error
    if seen is not None and mark_of(made.tables) != seen:
        raise Refused(
            "预览以后数据有变化，请重新查看后再签核 something changed since the preview: look again, then sign",
            sort="state",
        )
    return made


def mark_of(tables: Tables) -> str:
    """A mark of what the sheet says of people; not of when it was made, nor by whom."""
    return hashlib.sha256(msgspec.json.encode((tables.sheet, tables.details))).hexdigest()[:32]


def refused(error: BadExport) -> Refused:
    """The same without the option's name that the command line puts before it."""
    text = str(error)
    field, _, rest = text.removeprefix("--").partition(" ")
    _, _, told = rest.partition(": ")
    return Refused(told or text, field=field if text.startswith("--") else None)


# --------------------------------------------------------------------------- versions


def versions(look: Look, who: Principal, hall: str, month: str | None = None) -> list[Version]:
    """The signed versions of a hall, each checked against its digest; the newest month first."""
    may_read = refusal(who, CLOSE, Target(hall=hall)) is None
    rows = months.versions(look.conn, hall, month)
    reasons = _reasons(look, hall) if may_read else {}
    found = [_version(look, row, reasons if may_read else None) for row in rows]
    return sorted(found, key=lambda v: (v.month, v.version), reverse=True)


def listed(look: Look, halls: list[str], before: tuple[str, str, int] | None, limit: int) -> list[Row[Any]]:
    """The newest `limit` + 1 signed versions of these halls, by month, hall and version downwards."""
    key = (CLOSED.c.month, CLOSED.c.hall, CLOSED.c.version)
    query = select(CLOSED).where(CLOSED.c.hall.in_(halls))
    if before is not None:
        query = query.where(tuple_(*key) < before)
    return list(look.conn.execute(query.order_by(*(column.desc() for column in key)).limit(limit + 1)))


def _version(look: Look, row: Row[Any], reasons: dict[tuple[str, int], str] | None) -> Version:
    intact = None
    body = months.sheet(look.conn, row.hall, row.month, row.version) if row.kept else None
    if body is not None:
        try:
            intact = unkept(body, row.digest).version == row.version
        except ValueError:
            intact = False
    return Version(
        hall=row.hall, month=row.month, version=row.version, closed_at=row.closed_at, closed_by=row.closed_by,
        digest=row.digest, corrections=row.corrections, intact=intact,
        reason=reasons.get((row.month, row.version), "") if reasons is not None else None,
    )  # fmt: skip


def _reasons(look: Look, hall: str) -> dict[tuple[str, int], str]:
    """Why each version was signed, in the words of whoever did; they are private values of the audit."""
    query = (
        select(AUDIT.c.object_id, AUDIT.c.body, PRIVATE.c.value)
        .outerjoin(PRIVATE, (PRIVATE.c.audit == AUDIT.c.id) & (PRIVATE.c.name == "why"))
        .where(AUDIT.c.object_kind == "month", AUDIT.c.object_id.startswith(f"{hall}/", autoescape=True))
    )
    return {
        (row.object_id.rpartition("/")[2], int(row.body["version"])): row.value or ""
        for row in look.conn.execute(query)
    }


# --------------------------------------------------------------------------- what is open


def _of_sheet(month: HallMonth) -> list[Point]:
    """What `jiancha month check` lists: the sign-off has to accept these."""
    return [
        Point(
            kind=p.kind,
            day=p.day,
            why=p.why,
            says=p.says,
            staff=p.staff,
            slot=p.slot,
            card=p.card,
            window=p.window,
            blocks=True,
        )
        for p in open_points(month)
    ]


def _posts(look: Look, hall: str, month: str) -> list[Point]:
    """Sessions of windows that nothing can tell of (在岗无法判定)."""
    query = select(SUBJECT.c.key).where(
        SUBJECT.c.kind == "post", SUBJECT.c.hall == hall, SUBJECT.c.verdict.in_(UNSETTLED),
        SUBJECT.c.key.contains(f"/{month}-", autoescape=True),
    )  # fmt: skip
    found = []
    for key in look.conn.execute(query.order_by(SUBJECT.c.key)).scalars():
        window, day, begins = key.rsplit("/", 2)
        found.append(Point(kind="post", day=date.fromisoformat(day), window=window, slot=begins))
    return found


def _cards(look: Look, month: HallMonth) -> list[Point]:
    """Cards about attendance and posts that began in the month and are not at their end."""
    start, end = _span(month)
    query = select(CARD.c.number, CARD.c.kind, CARD.c.rule, CARD.c.began, CARD.c.staff, CARD.c.window).where(
        CARD.c.hall == month.hall.id, CARD.c.kind.in_(("slot", "post", "tally")), CARD.c.state.not_in(ENDED),
        CARD.c.historic.is_(False), CARD.c.began >= start, CARD.c.began < end,
    )  # fmt: skip
    return [
        Point(
            kind="card", day=row.began.astimezone(month.zone).date(), why=row.rule, staff=row.staff, card=row.number,
            window=row.window,
        )
        for row in look.conn.execute(query.order_by(CARD.c.number))
    ]  # fmt: skip


def _requests(look: Look, month: HallMonth) -> list[Point]:
    """Requests over the month that nobody has decided yet, where the store has a table of them."""
    table = metadata.tables.get("plan_request")
    if table is None:
        return []
    start, end = _span(month)
    c = table.c
    query = select(c.number, c.staff, c.starts).where(
        c.hall == month.hall.id, c.state == "pending", c.starts < end, c.ends > start
    )
    return [
        Point(
            kind="request", day=row.starts.astimezone(month.zone).date(), staff=row.staff, request=int(row.number)
        )
        for row in look.conn.execute(query.order_by(c.number))
    ]  # fmt: skip


def _devices(look: Look, month: HallMonth) -> list[Point]:
    """Terminals whose data do not reach to the month's end, and spans of the hall's devices that were declared lost."""
    start, end = _span(month)
    until = min(end, look.now)
    found = [
        Point(kind="device", day=None, device=state.id, until=state.watermark)
        for state in month.terminals
        if not state.is_sure_of(until - timedelta(microseconds=1)) and end <= look.now
    ]
    mine = [d.id for d in look.registry.devices.values() if d.hall == month.hall.id]
    query = select(LOST.c.device, LOST.c.starts, LOST.c.ends).where(
        LOST.c.device.in_(mine), LOST.c.starts < end, LOST.c.ends > start
    )
    found += [
        Point(kind="lost", day=row.starts.astimezone(month.zone).date(), device=row.device, until=row.ends)
        for row in look.conn.execute(query.order_by(LOST.c.starts))
    ]
    return found


def _span(month: HallMonth) -> tuple[datetime, datetime]:
    first = datetime.combine(month.days[0], datetime.min.time(), month.zone)
    last = datetime.combine(month.days[-1] + timedelta(days=1), datetime.min.time(), month.zone)
    return first.astimezone(UTC), last.astimezone(UTC)
