"""Cards issued by hand (人工发牌): what no device sees and a person finds, under a rule of the regulations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from monitor.access import Principal, Target, covers, refusal
from monitor.model import Charge, Level, Registry, SubjectRef
from monitor.store import attachments, audit, cards, subjects
from monitor.store.attachments import File
from monitor.supervision.commands import local, require_known, require_words
from monitor.supervision.refused import Refused
from monitor.supervision.tallies import by_hand
from monitor.wording.handrules import HAND_RULES, PREFIX


def issue_by_hand(
    conn: Connection, registry: Registry, *, rule: str, level: Level, policy_version: str,
    subject: SubjectRef | None = None, hall: str | None = None, unit: str | None = None, window: str | None = None,
    staff: str | None = None, actor: str | Principal, why: str, now: datetime, files: Sequence[File] = (),
) -> int:  # fmt: skip
    """Issue a card by hand (人工发牌) under a rule of `wording.HAND_RULES`; gives its number. The caller commits.

    Where and on whom follow from staff, window, unit, hall; the hall also from the subject, and all lie in one. Several
    cards under one rule on one subject are its episodes. Raises Refused.
    """
    who = local(actor) if isinstance(actor, str) else actor
    found = HAND_RULES.get(rule)
    if found is None:
        raise Refused(f"{rule!r} 不在人工发牌依据之内 is none of {', '.join(HAND_RULES)}", field="rule")
    require_words(why)
    no = refusal(who, "cards:issue")
    if no is not None:
        raise Refused.because(no)
    require_known(registry, who, hall=hall, unit=unit, window=window, staff=staff)
    known = subjects.hall_of(conn, subject) if subject is not None else None
    hidden = known is not None and not covers(who, Target(hall=known))
    known = None if hidden else known
    place = _place(registry, hall or known, unit, window, staff)
    if known is not None and place.hall != known:
        raise Refused(
            f"属大厅 {known} lies in the hall {known}, 而所写属 and what is named in {place.hall}", field="subject"
        )
    no = refusal(who, "cards:issue", Target(hall=place.hall, unit=place.unit, window=place.window, staff=place.staff))
    if no is not None:
        raise Refused.because(no)
    held = subject or _held_by(place)
    row = None if hidden else subjects.held(conn, held, place.hall, make=subject is None)
    if row is None:
        raise Refused(
            f"{held.kind}:{held.key} 没有这个对象 there is none; `jiancha subjects list` 列出 lists them",
            field="subject",
        )
    episode = cards.next_episode(conn, row, PREFIX + rule)
    values = {
        "subject": row, "kind": held.kind, "key": held.key, "rule": PREFIX + rule, "episode": episode,
        "level": level.word, "state": "open", "since": now, "began": now, "issued": now, "historic": False,
        "hall": place.hall, "unit": place.unit, "window": place.window, "staff": place.staff,
        "policy_version": policy_version, "basis": f"{rule} {found.where}", "issuer": who.id, "attributed": True,
        "reason": {"code": "manual", "figures": {"hand_rule": rule, "row": f"{rule} {found.where}"}},
        "version": 0, "sequence": 1,
    }  # fmt: skip
    number = cards.issue(conn, values)
    cards.notice(conn, card=number, sequence=1, at=now, event="issued", level=level, actor=who.id, why=why)
    attachments.add(conn, number, 1, files, now)
    body = {"rule": PREFIX + rule, "subject": f"{held.kind}:{held.key}", "level": level.word, "role": who.role}
    audit.record(conn, now, who.id, "card.issued", "card", str(number), body, private={"why": why})
    subjects.mark(conn, by_hand(held.kind, held.key, PREFIX + rule, now, (place,)), due=now)
    return number


def _place(registry: Registry, hall: str | None, unit: str | None, window: str | None, staff: str | None) -> Charge:
    found = registry.charge(window=window, staff=staff)
    of_unit = unit or found.unit
    known = registry.units.get(of_unit or "")
    place = Charge(
        hall=found.hall or (known.hall if known else None) or hall, unit=of_unit, window=found.window, staff=staff
    )
    if place.hall is None:
        raise Refused("请写明大厅、单位、窗口或人员 name a hall, a unit, a window or a member of staff")
    return place


def _held_by(place: Charge) -> SubjectRef:
    """The subject of a card that is about nothing which a rule judges: the narrowest place that it names."""
    for kind in ("staff", "window", "unit", "hall"):
        key = getattr(place, kind)
        if key:
            return SubjectRef(kind=kind, key=key)
    raise AssertionError("a place has a hall")
