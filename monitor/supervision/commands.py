"""What people do to cards and devices: one core for the command line, the API and the console (DESIGN §2, §6)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from monitor.model import Level, SubjectRef
from monitor.store import audit, cards, subjects
from monitor.store.cards import CARD
from monitor.store.schema import DeviceRow, LostSpan
from monitor.store.sql import table_of
from monitor.wording import state_word

LOST: Final = table_of(LostSpan)
DEVICE: Final = table_of(DeviceRow)


class Refused(ValueError):
    """An action that the card's state or the data do not allow; the text says why and what is possible."""


ALLOWED: Final[dict[str, tuple[str, ...]]] = {
    "acknowledged": ("open",),
    "answered": ("open", "acknowledged"),
    "closed": ("open", "acknowledged", "answered"),
    "withdrawn": ("open", "acknowledged", "answered", "closed"),
}
"""From which states a person's transition is allowed (DESIGN §6)."""
VERBS: Final = {"ack": "acknowledged", "answer": "answered", "close": "closed", "withdraw": "withdrawn"}


def transition(conn: Connection, number: int, event: str, *, actor: str, why: str, now: datetime) -> Row[Any]:
    """Bring a card to `event`'s state; gives the card as it then stands. The caller commits.

    1. Refuse what the present state does not allow.
    2. Change the card, write its notice and an audit row.
    3. Mark the subject: closing a follow-up or answering an order is a fact that its rule reads.
    Raises Refused.
    """
    if not why.strip():
        raise Refused(f"card {number}: 须写明理由 a reason is needed; give one with --reason")
    card = conn.execute(select(CARD).where(CARD.c.number == number).with_for_update()).first()
    if card is None:
        raise Refused(
            f"card {number}: 没有这个号的牌 there is none of this number; `jiancha cards list` 列出 shows them"
        )
    if card.state not in ALLOWED[event]:
        allowed = ", ".join(ALLOWED[event])
        now_is = f"第 {number} 号牌{state_word(card.state, 'zh')} card {number} is {card.state}"
        raise Refused(f"{now_is}: 只能由以下状态变为 it can be {event} only from {allowed}")
    values: dict[str, Any] = {"state": event}
    if event == "withdrawn":
        values["withdrawn_by"] = actor
    sequence = cards.change(conn, number, values)
    level = Level.of(card.level)
    planned = now if card.historic else None
    cards.notice(
        conn, card=number, sequence=sequence, at=now, event=event, level=level, actor=actor, why=why, planned_at=planned
    )
    body = {"from": card.state, "rule": card.rule, "subject": f"{card.kind}:{card.key}"}
    audit.record(conn, now, actor, f"card.{event}", "card", str(number), body, private={"why": why})
    marks = [SubjectRef(kind=card.kind, key=card.key)]
    if card.rule == "case.limit":
        marks.append(SubjectRef(kind="order", key=card.key))
    subjects.mark(conn, marks, due=now)
    return conn.execute(select(CARD).where(CARD.c.number == number)).one()


def declare_lost(
    conn: Connection, device: str, starts: datetime, ends: datetime, *, actor: str, why: str, now: datetime
) -> None:
    """Declare a device's data of [starts, ends) lost (DESIGN §1C): that span yields no absence and no lateness.

    Every subject that waits for the device is judged again. Raises Refused.
    """
    if not why.strip():
        raise Refused(f"device {device}: 须写明理由 a reason is needed; give one with --reason")
    if ends <= starts:
        raise Refused(f"device {device}: --to {ends.isoformat()} 不晚于 is not after --from {starts.isoformat()}")
    if ends > now:
        raise Refused(
            f"device {device}: --to {ends.isoformat()} 尚未到 lies in the future; only what is past can be lost"
        )
    if conn.execute(select(DEVICE.c.id).where(DEVICE.c.id == device)).first() is None:
        raise Refused(
            f"device {device}: 未登记 not in the registry; `jiancha registry export` 列出设备 lists the devices"
        )
    conn.execute(
        LOST.insert().values(device=device, starts=starts, ends=ends, reason=why, declared_at=now, actor=actor)
    )
    body = {"from": starts.isoformat(), "to": ends.isoformat()}
    audit.record(conn, now, actor, "device.lost", "device", device, body, private={"why": why})
    subjects.mark(conn, [SubjectRef(kind="device", key=device)], due=now)
    # Not only those that wait: what was settled on the device's data in the span may now be unproven.
    first, last = (starts - timedelta(days=1)).date(), (ends + timedelta(days=1)).date()
    subjects.wake_days(conn, first, last, due=now)
    subjects.wake_all(conn, due=now, kinds=("case",))
