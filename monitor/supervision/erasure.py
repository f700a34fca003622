"""Erasing a person (删除个人信息, DESIGN §1F): names, contacts and their own words go, the pseudonym stays.

The same for a user (who signs in) and for a member of staff (whom the registry names). Cards, facts and seals are as
they were: they hold ids, and audit rows digests of what is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, String, and_, cast, delete, func, or_, select, update

from monitor.access import Principal, refusal
from monitor.store import (
    audit,
    closedperiods,
    cycle,
    faces,
    ledgers,
    marks,
    markwords,
    meta,
    notices,
    pins,
    planrequests,
    plans,
    plansgone,
    reviews,
    sheetjobs,
    signin,
    users,
)
from monitor.store.alerts import ITEM, SILENCE
from monitor.store.attachments import ATTACHMENT as FILE
from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.cards import CARD, NOTICE
from monitor.store.planrequests import REQUEST
from monitor.store.retention import STANDING
from monitor.store.schema import LostSpan, StaffRow
from monitor.store.sql import table_of
from monitor.store.users import USER
from monitor.supervision.commands import local
from monitor.supervision.people import KEEPERS, require_keeper_left
from monitor.supervision.refused import Refused

STAFF: Final = table_of(StaffRow)
LOST: Final = table_of(LostSpan)
KINDS: Final = ("user", "staff", "face")
"""Of the erasure log; `face`: a face alone (`jiancha face forget`), by the name of its key, so that whoever was
enrolled again since keeps the new one.
"""
ACTION: Final = {"user": "user.erased", "staff": "staff.erased"}
FACE_ERASED: Final = "face.erased"
MOST_NAMED: Final = 8
WORDS: Final = (("leave", "letter"), ("trips", "letter"), ("corrections", "reason"))
"""Free text in the plans of a person, by table as in files."""
ERASED: Final = "（已删除）"


@dataclass(frozen=True, kw_only=True)
class Erased:
    """How many rows lose their content, by table; how many stay as they are, with the id alone."""

    rows: Mapping[str, int]
    stays: Mapping[str, int] = field(default_factory=dict)


def erase(conn: Connection, kind: str, person: str, *, actor: str | Principal, now: datetime) -> Erased:
    """Erase a person; the caller commits. `kind`: user or staff.

    1. Refuse while a card of theirs is not at its end: who is charged, or has taken a step, is still needed.
    2. Name and contacts; private values of audit rows about them and by them; their words in steps and notices, and in
       their plans (letters of leave and trips, reasons of corrections) and requests.
    3. An audit row with the id and the counts; `restore` does it again by that row.
    Raises Refused.
    """
    who = local(actor) if isinstance(actor, str) else actor
    no = refusal(who, "people:write")
    if no is not None:
        raise Refused.because(no)
    if not _there(conn, kind, person):
        raise Refused(f"{person}: 没有此人 there is no such {kind}; `jiancha user list`, `jiancha registry export`")
    if kind == "staff" and faces.find(conn, person) is not None:
        raise Refused(
            f"{person}: 人脸仍在登记 the face is still enrolled: jiancha face forget --staff {person} --reason TEXT"
        )
    if kind == "user" and person in users.holders(conn, KEEPERS):
        require_keeper_left(conn, who, person)
    standing = _standing(conn, kind, person)
    if standing:
        named = ", ".join(f"#{number}" for number in standing[:MOST_NAMED])
        raise Refused(
            f"{person}: 尚有未办结或申诉待复核的牌 cards are open, or an appeal is pending: {named}; close them first"
        )
    erased = apply(conn, kind, person, now)
    audit.record(conn, now, who.id, ACTION[kind], kind, person, {"rows": dict(erased.rows)})
    return erased


def apply(conn: Connection, kind: str, person: str, now: datetime) -> Erased:
    """What erasing does to the rows, whatever else stands; a second time it finds nothing."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA secure_delete = ON")
    if kind == "face":
        return Erased(rows={"face": faces.erase_key(conn, person, now, "restore")})
    name = conn.execute(select(STAFF.c.name).where(STAFF.c.id == person)).scalar() or ""
    rows = {kind: _unname(conn, kind, person, now), "audit_private": _private(conn, kind, person)}
    rows |= planrequests.forget_person(conn, kind, person)
    rows["assessment_word"] = cycle.forget(conn, kind, person)
    if kind == "staff":
        rows["audit_private"] += _of_assessment(conn, person, name)
        rows["assessment_word"] += cycle.without(conn, name, ERASED) if len(name) > 1 else 0
    rows |= {"score_mark": markwords.erase(conn, kind, person, name)}
    rows |= {"mark_file": markwords.erase_files(conn, person)} if kind == "staff" else {}
    if kind in ("staff", "user"):
        rows |= {"kept_scores": closedperiods.erase_name(conn, "staff" if kind == "staff" else "user", person)}
        rows |= {"sheet_job": sheetjobs.erase(conn)}
    if kind == "user":
        rows |= {"card_event": _words(conn, person), "alert_item": _told(conn, person), **_reasons(conn, person)}
        rows |= {"sign_in": signin.erase(conn, person), "checkin_review": reviews.erase_words(conn, by=person)}
        conn.execute(update(NOTICE).where(NOTICE.c.actor == person, NOTICE.c.why != "").values(why=""))
    else:
        rows |= {"face": faces.erase(conn, person, now, "system"), "staff_pin": int(pins.erase(conn, person))}
        rows |= {**_plans(conn, person), "checkin_review": reviews.erase_words(conn, about=person)}
        rows |= {"notice": notices.without(conn, None, name, ERASED) if len(name) > 1 else 0}
        meta.bump(conn, meta.REGISTRY_VERSION)
    return Erased(rows=rows, stays=_stays(conn, kind, person))


def _there(conn: Connection, kind: str, person: str) -> bool:
    table = USER if kind == "user" else STAFF
    return conn.execute(select(table.c.id).where(table.c.id == person)).first() is not None


def _standing(conn: Connection, kind: str, person: str) -> list[int]:
    """Cards that charge them, or in which they have taken a step, and that are not at their end."""
    theirs = CARD.c.staff == person
    if kind == "user":
        theirs = CARD.c.number.in_(select(NOTICE.c.card).where(NOTICE.c.actor == person))
    return [
        int(n) for n in conn.execute(select(CARD.c.number).where(theirs, STANDING).order_by(CARD.c.number)).scalars()
    ]


def _unname(conn: Connection, kind: str, person: str, now: datetime) -> int:
    """Name and contacts; a user is out of service from then on."""
    table: Any = USER if kind == "user" else STAFF
    named = and_(table.c.id == person, or_(table.c.name != "", table.c.contacts.is_not(None)))
    done = conn.execute(update(table).where(named).values(name="", contacts=None)).rowcount
    if kind == "user":
        conn.execute(update(USER).where(USER.c.id == person, USER.c.disabled_at.is_(None)).values(disabled_at=now))
        users.revoke_tokens(conn, person, now)
        meta.bump(conn, meta.PEOPLE_VERSION)
    return int(done)


def _private(conn: Connection, kind: str, person: str) -> int:
    """Private values of audit rows about them, and of what a user did themselves."""
    about = and_(AUDIT.c.object_kind == kind, AUDIT.c.object_id == person)
    theirs = or_(about, AUDIT.c.actor == person) if kind == "user" else about
    return int(conn.execute(delete(PRIVATE).where(PRIVATE.c.audit.in_(select(AUDIT.c.id).where(theirs)))).rowcount)


def _plans(conn: Connection, person: str) -> dict[str, int]:
    """The free text of their leave, trips and corrections, and what the audit keeps apart of all their plans. That
    there was a letter (函) stays: it decides who answers (B05).
    """
    done = {}
    for name, column in WORDS:
        table = plans.KINDS[name].table
        theirs = and_(table.c.staff == person, table.c[column] != "", table.c[column] != ERASED)
        done[table.name] = int(conn.execute(update(table).where(theirs).values({column: ERASED})).rowcount)
    private = 0
    for kind in plans.KINDS.values():
        if kind.private and "staff" in kind.table.c:
            ids = select(kind.table.c.id).where(kind.table.c.staff == person)
            theirs = or_(AUDIT.c.object_id.in_(ids), AUDIT.c.object_id.in_(plansgone.gone(kind, "staff", [person])))
            about = select(AUDIT.c.id).where(AUDIT.c.object_kind == kind.table.name, theirs)
            private += int(conn.execute(delete(PRIVATE).where(PRIVATE.c.audit.in_(about))).rowcount)
    numbers = select(cast(REQUEST.c.number, String)).where(REQUEST.c.staff == person)
    asked = select(AUDIT.c.id).where(AUDIT.c.object_kind == "request", AUDIT.c.object_id.in_(numbers))
    private += int(conn.execute(delete(PRIVATE).where(PRIVATE.c.audit.in_(asked))).rowcount)
    return done | {"plans_private": private}


def _of_assessment(conn: Connection, person: str, name: str) -> int:
    """What the audit keeps apart of talks with them, patrols, nominations and reviews of theirs, of what was entered by
    hand about them and of decisions on what charges them, and what in the words of assessment names them.
    """
    done = 0
    if len(name) > 1:
        words = select(AUDIT.c.id).where(AUDIT.c.action.startswith("assess.") | AUDIT.c.action.startswith("score"))
        named = and_(PRIVATE.c.audit.in_(words), PRIVATE.c.value.contains(name, autoescape=True))
        done += int(conn.execute(delete(PRIVATE).where(named)).rowcount)
    for table in (cycle.PATROL, cycle.TALK, cycle.NOMINATION, cycle.REVIEW, marks.MARK, ledgers.PROPOSAL):
        numbers = select(cast(table.c.id, String)).where(table.c.staff == person)
        about = select(AUDIT.c.id).where(AUDIT.c.object_kind == table.name, AUDIT.c.object_id.in_(numbers))
        done += int(conn.execute(delete(PRIVATE).where(PRIVATE.c.audit.in_(about))).rowcount)
    return done


def _words(conn: Connection, person: str) -> int:
    query = select(func.count()).select_from(NOTICE).where(NOTICE.c.actor == person, NOTICE.c.why != "")
    return int(conn.execute(query).scalar_one())


def _reasons(conn: Connection, person: str) -> dict[str, int]:
    """What they gave as the reason of a silence, or of a span declared lost; both stay, for they explain others."""
    done = {}
    for table, author in ((SILENCE, SILENCE.c.author), (LOST, LOST.c.actor)):
        theirs = update(table).where(author == person, table.c.reason != "").values(reason="")
        done[table.name] = int(conn.execute(theirs).rowcount)
    return done


def _stays(conn: Connection, kind: str, person: str) -> dict[str, int]:
    """Rows that name them by id: pseudonyms, sealed or evidence of a card (DESIGN §1F)."""
    steps = and_(NOTICE.c.card == FILE.c.card, NOTICE.c.sequence == FILE.c.sequence)
    about = and_(AUDIT.c.object_kind == kind, AUDIT.c.object_id == person)
    wanted = {
        "card": select(func.count()).select_from(CARD).where(CARD.c.staff == person),
        "audit": select(func.count()).select_from(AUDIT).where(about),
    }
    if kind == "user":
        wanted = {
            "card_event": select(func.count()).select_from(NOTICE).where(NOTICE.c.actor == person),
            "audit": select(func.count()).select_from(AUDIT).where(or_(about, AUDIT.c.actor == person)),
            "attachment": select(func.count()).select_from(FILE.join(NOTICE, steps)).where(NOTICE.c.actor == person),
        }
    return {name: int(conn.execute(query).scalar_one()) for name, query in wanted.items()}


def _told(conn: Connection, person: str) -> int:
    """The same words in what was told of these steps."""
    steps = ITEM.join(NOTICE, and_(NOTICE.c.card == ITEM.c.card, NOTICE.c.sequence == ITEM.c.sequence))
    query = select(*ITEM.primary_key.columns, ITEM.c.content).select_from(steps).where(NOTICE.c.actor == person)
    done = 0
    for item in conn.execute(query).all():
        if item.content.get("why"):
            here = and_(*(column == getattr(item, column.name) for column in ITEM.primary_key.columns))
            conn.execute(update(ITEM).where(here).values(content={**item.content, "why": ""}))
            done += 1
    return done


def log_of(conn: Connection) -> list[tuple[str, str]]:
    """The erasure log: who was erased, (kind, id), in the order of the audit; of a face the name of its key."""
    wanted = (*ACTION.values(), FACE_ERASED)
    query = select(AUDIT.c.action, AUDIT.c.object_kind, AUDIT.c.object_id, AUDIT.c.body)
    return [
        ("face", str(row.body["key"])) if row.action == FACE_ERASED else (row.object_kind, row.object_id)
        for row in conn.execute(query.where(AUDIT.c.action.in_(wanted)).order_by(AUDIT.c.id))
    ]


def face_keys_of(conn: Connection) -> list[str]:
    """The keys of faces that were erased, here or again by a restoration."""
    again = conn.execute(select(AUDIT.c.body).where(AUDIT.c.action == "store.restore").order_by(AUDIT.c.id)).scalars()
    named = [text.partition(":") for body in again for text in body.get("erased", [])]
    return list(dict.fromkeys([*(k for kind, k in log_of(conn) if kind == "face"),
                               *(k for kind, _, k in named if kind == "face")]))  # fmt: skip
