"""Faces of the people within reach (人脸): who agreed, who is enrolled; recording a consent, withdrawing one, what
erasing takes away. Nothing here opens a vector or needs the extra `faces`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, select

from monitor.access import Principal, Target, covers, refusal
from monitor.model import Registry
from monitor.store import audit, faces, frames, pins
from monitor.store.audit import AUDIT
from monitor.store.facekeys import KeyStore
from monitor.store.schema import StaffRow
from monitor.store.sql import table_of
from monitor.supervision.commands import local, require_words
from monitor.supervision.refused import Refused

State: TypeAlias = Literal["none", "consented", "enrolled", "withdrawn"]
STATES: Final[tuple[State, ...]] = ("consented", "none", "withdrawn", "enrolled")
"""In the order of the page: those to be enrolled first."""
STAFF: Final = table_of(StaffRow)
ACTION: Final = "faces:write"
MOST: Final = 100
PAPER_MOST: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """`paper`: where the signed paper lies; `notice`: SHA-256 of the notice that was shown; both where recorded."""

    id: int
    purpose: str
    consented_at: datetime
    recorded_at: datetime
    recorded_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    paper: str = ""
    notice: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FaceLine:
    """One person. `consent`: the newest. `readable`: whether the key of the face is there; None without a key store."""

    staff: str
    name: str
    hall: str | None
    unit: str | None
    state: State
    consent: Consent | None = None
    enrolled_at: datetime | None = None
    enrolled_by: str | None = None
    model: str = ""
    vectors: int = 0
    readable: bool | None = None
    has_pin: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """Filters; None: any. `text`: part of the name or the id. `after`: only ids behind it."""

    hall: str | None = None
    unit: str | None = None
    state: State | None = None
    text: str = ""
    after: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Takes:
    """What erasing takes away: vectors, evidence frames, standing consents; `key`: there to be destroyed."""

    vectors: int
    frames: int
    consents: int
    key: bool


def list_people(
    conn: Connection, registry: Registry, keys: KeyStore | None, who: Principal, chosen: Chosen, limit: int = MOST
) -> tuple[list[FaceLine], dict[State, int]]:
    """(a page by id, one more than `limit` where others follow; how many there are of each state under the other
    filters). A hall has some hundred people: they are read at once. Raises Refused, BadKeyStore.
    """
    _may(who)
    mine = [
        person.id
        for person in registry.staff.values()
        if chosen.unit in (None, person.unit)
        and chosen.hall in (None, registry.hall_of_staff(person.id))
        and covers(who, _target(registry, person.id))
    ]
    lines = _lines(conn, registry, keys, sorted(mine))
    text = chosen.text.casefold()
    lines = [one for one in lines if text in one.name.casefold() or text in one.staff.casefold()]
    counts: dict[State, int] = {state: sum(one.state == state for one in lines) for state in STATES}
    shown = [
        one for one in lines
        if chosen.state in (None, one.state) and (chosen.after is None or one.staff > chosen.after)
    ]  # fmt: skip
    return shown[: limit + 1], counts


def person_of(
    conn: Connection, registry: Registry, keys: KeyStore | None, who: Principal, staff: str, action: str = ACTION
) -> tuple[FaceLine, list[Consent]]:
    """One person with all their consents, the newest first. Raises Refused: alike for none and one beyond reach."""
    require_person(registry, who, staff, action)
    (line,) = _lines(conn, registry, keys, [staff])
    told = _told(conn, staff)
    return line, [_consent(row, told) for row in reversed(faces.consents(conn, [staff]))]


def require_person(registry: Registry, who: Principal, staff: str, action: str = ACTION) -> None:
    _may(who, action)
    if staff not in registry.staff or not covers(who, _target(registry, staff)):
        raise Refused(f"{staff}: 没有此人 there is no such person", field="staff", sort="missing")


def record_consent(
    conn: Connection, registry: Registry, staff: str, *, purpose: str, consented_at: datetime, paper: str, notice: str,
    actor: str | Principal, now: datetime,
) -> int:  # fmt: skip
    """Record that a person agreed; its number. `notice`: SHA-256 of the notice that they were given. Raises Refused."""
    who = local(actor) if isinstance(actor, str) else actor
    require_person(registry, who, staff)
    require_words(purpose)
    if consented_at > now:
        raise Refused(f"{consented_at.isoformat()} 晚于现在 lies after now", field="consent-at")
    if not paper.strip() or len(paper) > PAPER_MOST:
        raise Refused("须写明纸质同意书的编号或存放处 say which paper was signed, or where it lies", field="paper")
    if any(row.withdrawn_at is None for row in faces.consents(conn, [staff])):
        raise Refused(f"{staff}: 已有同意 has agreed already: 先撤回再重新登记 withdraw that first", sort="state")
    row = {
        "staff": staff, "purpose": purpose.strip(), "consented_at": consented_at, "recorded_at": now,
        "recorded_by": who.id,
    }  # fmt: skip
    number = faces.consented(conn, row)
    body = {"consent": number, "consented_at": consented_at.isoformat(), "paper": paper.strip(), "notice": notice}
    audit.record(conn, now, who.id, "face.consented", "staff", staff, body)
    return number


def withdraw_consent(
    conn: Connection, registry: Registry, staff: str, *, actor: str | Principal, why: str, now: datetime
) -> int:
    """End the consent of somebody who has no face here; a face goes by `faces.forget`, which ends it too. Raises
    Refused.
    """
    who = local(actor) if isinstance(actor, str) else actor
    require_person(registry, who, staff)
    require_words(why)
    if faces.find(conn, staff) is not None:
        raise Refused(f"{staff}: 人脸仍在登记 the face is still enrolled: 请删除人脸 erase it", sort="state")
    ended = faces.withdraw(conn, staff, now, who.id)
    if not ended:
        raise Refused(f"{staff}: 没有可撤回的同意 there is no consent to withdraw", sort="state")
    audit.record(conn, now, who.id, "face.withdrawn", "staff", staff, {"consents": ended}, private={"why": why})
    return ended


def what_goes(conn: Connection, registry: Registry, keys: KeyStore | None, who: Principal, staff: str) -> Takes:
    """What erasing would take away; nothing is written. Raises Refused, BadKeyStore."""
    require_person(registry, who, staff)
    row = faces.find(conn, staff)
    standing = sum(one.withdrawn_at is None for one in faces.consents(conn, [staff]))
    held = keys is not None and keys.exists and row is not None and keys.get(row.key) is not None
    return Takes(vectors=row.vectors if row else 0, frames=len(frames.all_of_them(conn, staff)), consents=standing,
                 key=held)  # fmt: skip


# --------------------------------------------------------------------------- rows


def _lines(conn: Connection, registry: Registry, keys: KeyStore | None, people: list[str]) -> list[FaceLine]:
    """By id; a handful of statements whatever the number."""
    table = faces.FACE
    columns = [c for c in table.c if c.name != "sealed"]
    found = {row.staff: row for row in conn.execute(select(*columns).where(table.c.staff.in_(people)))}
    newest: dict[str, Any] = {}
    standing: set[str] = set()
    for row in faces.consents(conn, people):
        newest[row.staff] = row
        standing |= {row.staff} if row.withdrawn_at is None else set()
    names = {row.id: row.name for row in conn.execute(select(STAFF.c.id, STAFF.c.name).where(STAFF.c.id.in_(people)))}
    with_pin = {row.staff for row in pins.all_of_them(conn)}
    known = keys.all().keys() if keys is not None and keys.exists and found else None
    lines = []
    for staff in people:
        face, consent = found.get(staff), newest.get(staff)
        state: State = "none" if consent is None else "withdrawn"
        if face is not None:
            state = "enrolled"
        elif staff in standing:
            state = "consented"
        lines.append(
            FaceLine(
                staff=staff, name=names.get(staff) or staff, hall=registry.hall_of_staff(staff),
                unit=registry.staff[staff].unit, state=state, has_pin=staff in with_pin,
                consent=_consent(consent, {}) if consent is not None else None,
                enrolled_at=face.enrolled_at if face else None, enrolled_by=face.enrolled_by if face else None,
                model=f"{face.model}@{face.version}" if face else "", vectors=face.vectors if face else 0,
                readable=(face.key in known) if face is not None and known is not None else None,
            )
        )  # fmt: skip
    return lines


def _consent(row: Any, told: Mapping[int, Mapping[str, Any]]) -> Consent:
    more = told.get(row.id, {})
    return Consent(
        id=row.id, purpose=row.purpose, consented_at=row.consented_at, recorded_at=row.recorded_at,
        recorded_by=row.recorded_by, withdrawn_at=row.withdrawn_at, withdrawn_by=row.withdrawn_by,
        paper=str(more.get("paper", "")), notice=str(more.get("notice", "")),
    )  # fmt: skip


def _told(conn: Connection, staff: str) -> dict[int, Mapping[str, Any]]:
    """What the audit says of each consent beside its row."""
    here = (AUDIT.c.object_kind == "staff", AUDIT.c.object_id == staff, AUDIT.c.action == "face.consented")
    return {body["consent"]: body for body in conn.execute(select(AUDIT.c.body).where(*here)).scalars()}


def _may(who: Principal, action: str = ACTION) -> None:
    no = refusal(who, action)
    if no is not None:
        raise Refused.because(no)


def _target(registry: Registry, staff: str) -> Target:
    return Target(hall=registry.hall_of_staff(staff), staff=staff)
