"""What people do to cards: one core for the command line, the API and the console (DESIGN §2, §6).

`workflow` says what is allowed and what follows; here it is read, written and recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from monitor.access import LOCAL, Principal, Target, covers, refusal
from monitor.model import Charge, Level, Reason, Registry, SubjectRef
from monitor.store import attachments, audit, cards, subjects
from monitor.store.attachments import File
from monitor.store.cards import CARD
from monitor.store.wanted import want
from monitor.supervision.files import is_plain
from monitor.supervision.refused import Refused
from monitor.supervision.tallies import ENDING, by_hand
from monitor.supervision.workflow import STEPS, Given, Work, take

WITH_ORDER: Final = "case.limit"
"""The rule whose cards open an order by themselves; any other card has one when a person orders it."""


def local(actor: str) -> Principal:
    """The command line on the store's own machine (`access.LOCAL`)."""
    return Principal(id=actor, role=LOCAL)


def transition(
    conn: Connection,
    number: int,
    event: str,
    *,
    actor: str | Principal,
    why: str,
    now: datetime,
    given: Given | None = None,
    files: Sequence[File] = (),
) -> Row[Any]:
    """Carry out a step of `workflow.STEPS` on a card; gives the card as it then stands. The caller commits.

    `given` is what the step takes beside its reason; `files` come with an answer, a rectification or an appeal.

    1. Refuse what role, state or the card's sort do not allow.
    2. Change the card, write its notice and an audit row; the words of people are a private field of that.
    3. Mark the subject: closing a follow-up, answering an order or promising a time is a fact that its rule reads.
    Raises Refused.
    """
    who = local(actor) if isinstance(actor, str) else actor
    require_words(why)
    card = _locked(conn, number)
    said: dict[str, Any] = dict(given or {})
    if event in _SIGNED:
        said["by"] = who.id
    done = take(work_of(card), event, who, said, now)
    if isinstance(done, Reason):
        raise Refused.because(done)
    sequence = cards.change(conn, number, done.values)
    led = {"from": card.state, "to": done.values.get("state", card.state), **done.body}
    planned = now if card.historic else None
    cards.notice(
        conn, card=number, sequence=sequence, at=now, event=event, level=Level.of(card.level), actor=who.id, why=why,
        planned_at=planned, body=led,
    )  # fmt: skip
    attachments.add(conn, number, sequence, files, now)
    body = {
        **led,
        "role": who.role,
        "rule": card.rule,
        "subject": f"{card.kind}:{card.key}",
        **({"files": [f.digest for f in files]} if files else {}),
    }
    audit.record(conn, now, who.id, f"card.{event}", "card", str(number), body, private={"why": why})
    marks = [SubjectRef(kind=card.kind, key=card.key)]
    after = conn.execute(select(CARD).where(CARD.c.number == number)).one()
    if card.rule == WITH_ORDER or after.promised_at is not None or cards.has_order(conn, number):
        marks.append(SubjectRef(kind="order", key=card.key))
    if event in ENDING:
        marks += sorted(by_hand(card.kind, card.key, card.rule, card.since, map(_charge, (card, after))))
    subjects.mark(conn, marks, due=now)
    if after.hall is not None and event in ENDING:
        want(conn, after.hall)  # assessment: what it costs, and whom
    return after


def _charge(card: Row[Any]) -> Charge:
    return Charge(hall=card.hall, unit=card.unit, window=card.window, staff=card.staff)


_SIGNED: Final = ("verified", "appealed", "withdrawn")
"""Steps whose card keeps who took them."""


def work_of(card: Row[Any]) -> Work:
    """A stored card as its workflow sees it."""
    return Work(
        number=card.number,
        rule=card.rule,
        level=Level.of(card.level),
        state=card.state,
        place=Target(hall=card.hall, unit=card.unit, window=card.window, staff=card.staff),
        issuer=card.issuer,
        appeal=card.appeal,
        appellant=card.appellant,
        followup=card.followup,
    )


def attribute(
    conn: Connection, number: int, registry: Registry, *, unit: str | None, window: str | None, staff: str | None,
    actor: str | Principal, why: str, now: datetime,
) -> Row[Any]:  # fmt: skip
    """Confirm who answers for a card (责任认定; C02, B05): a person, a window's unit, or a unit alone (B05).

    What is not named follows from the registry; a person named alone keeps the card's window. All that is named lies
    in the card's hall. Raises Refused.
    """
    who = local(actor) if isinstance(actor, str) else actor
    card = _locked(conn, number)
    no = refusal(who, STEPS["attributed"].action, work_of(card).place)
    if no is not None:
        raise Refused.because(no)
    require_known(registry, who, unit=unit, window=window, staff=staff)
    if staff or window:
        place = registry.charge(window=window or (card.window if staff else None), staff=staff)
    else:
        place = Charge(unit=unit)
    given: dict[str, Any] = {"unit": unit or place.unit, "window": place.window, "staff": staff}
    lies_in = {
        "unit": registry.units[unit].hall if unit else None,
        "window": registry.windows[window].hall if window else None,
        "staff": registry.hall_of_staff(staff),
    }
    given["lies_in"] = {key: hall for key, hall in lies_in.items() if hall is not None}
    return transition(conn, number, "attributed", actor=actor, why=why, now=now, given=given)


def require_words(why: str) -> None:
    """Refuse a reason that says nothing, is longer than a page, or holds what no page shows."""
    if not why.strip():
        raise Refused("须写明理由 a reason is needed", field="reason")
    if len(why) > MOST_WORDS:
        raise Refused(
            f"{len(why)} 字，超过 characters are more than {MOST_WORDS}; 可附文件 attach a file", field="reason"
        )
    if not is_plain(why):
        raise Refused("含不可见字符 holds characters that cannot be shown", field="reason")


MOST_WORDS: Final = 4_000


def require_known(registry: Registry, who: Principal | None = None, /, **named: str | None) -> None:
    """Refuse an id of a hall, unit, window or member of staff that the registry lacks, and with the same words one that
    lies beyond the reach of `who`: guessing shows nothing.
    """
    tables: Mapping[str, Mapping[str, Any]] = {
        "hall": registry.halls, "unit": registry.units, "window": registry.windows, "staff": registry.staff
    }  # fmt: skip
    for kind, key in named.items():
        if key is None:
            continue
        place = _where(registry, kind, key) if key in tables[kind] else None
        if place is None or (who is not None and place.hall is not None and not covers(who, place)):
            raise Refused(f"{key!r} 未登记 not in the registry; `jiancha registry export` 列出 lists them", field=kind)


def _where(registry: Registry, kind: str, key: str) -> Target:
    """Where a known hall, unit, window or member of staff lies."""
    if kind == "hall":
        return Target(hall=key)
    if kind == "unit":
        return Target(hall=registry.units[key].hall, unit=key)
    charge = registry.charge(window=key) if kind == "window" else registry.charge(staff=key)
    return Target(hall=charge.hall, unit=charge.unit, window=charge.window, staff=charge.staff)


def _locked(conn: Connection, number: int) -> Row[Any]:
    card = conn.execute(select(CARD).where(CARD.c.number == number).with_for_update()).first()
    if card is None:
        raise Refused(
            f"card {number}: 没有这个号的牌 there is none of this number; `jiancha cards list` 列出 shows them",
            sort="missing",
        )
    return card
