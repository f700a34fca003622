"""Sending a message again that was given up (死信重发): by whom, why, and what its receiver may read twice.

Nobody is told what is not so any more: a message goes again only while all cards that it tells of stand, and while its
receiver heard nothing later of them. Every instant is real time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, exists, or_, select

from monitor.access import Principal, refusal
from monitor.store import audit, sending
from monitor.store.alerts import ATTEMPT, DELIVERY, ITEM, PENDING
from monitor.store.cards import CARD
from monitor.supervision.commands import require_words
from monitor.supervision.deliverylist import Sent, one_delivery
from monitor.supervision.reach import within
from monitor.supervision.refused import Refused

ACTION: Final = "alerts:silence"
"""Whoever may keep messages of their halls back may have one sent, too."""
DONE: Final = "alert.again"
KINDS: Final = frozenset({"alert", "storm"})
"""Lists (digest, daily round) say how things stood; they are made anew by themselves."""
MOST_NAMED: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    """What sending it again means. `unsure`: an earlier try may have arrived; `others`: receivers that were told the
    same instead.
    """

    sent: Sent
    unsure: bool
    others: tuple[str, ...]


def require_again(conn: Connection, who: Principal, number: int, known: Collection[str]) -> Again:
    """`known`: the receivers that the settings have. Raises Refused; what lies beyond reach is answered as what there
    is not.
    """
    no = refusal(who, ACTION)
    if no is not None:
        raise Refused.because(no)
    found = one_delivery(conn, who, number)
    if found is None:
        raise Refused(f"{number}: 没有此通知 there is no such message", sort="missing")
    if found.state != "dead":
        raise _not("只有已放弃的通知可以重发 only what was given up is sent again")
    if found.kind not in KINDS:
        raise _not("汇总与巡检清单会自行更新，不重发 lists are made anew, they are not sent again")
    if found.receiver not in known:
        raise _not(f"配置中已无收件方 {found.receiver} the settings have this receiver no more")
    mine, firing = ITEM.c.delivery == number, ITEM.c.purpose != "resolved"
    joined = select(ITEM.c.card).distinct().join_from(ITEM, CARD, CARD.c.number == ITEM.c.card).order_by(ITEM.c.card)
    beyond = conn.execute(joined.where(mine, ~within(who, CARD.c)).limit(1)).first()
    if beyond is not None:
        raise Refused(
            "此通知还涉及您范围之外的牌，请由能看到全部的人重发"
            " it tells of cards beyond your reach, too: somebody who reaches all of them sends it",
            sort="role",
        )
    over = or_(CARD.c.cleared_at.is_not(None), CARD.c.state.in_(("closed", "withdrawn")))
    _none(conn.execute(joined.where(mine, firing, over)).scalars().all(), "已消除、办结或撤回 over or withdrawn")
    later, newer = ITEM.alias(), DELIVERY.alias()
    heard = exists(
        select(later.c.card)
        .join_from(later, newer, newer.c.id == later.c.delivery)
        .where(
            later.c.card == ITEM.c.card, later.c.address == ITEM.c.address, newer.c.id > number,
            newer.c.state.in_(("sent", *PENDING)),
        )
    )  # fmt: skip
    _none(conn.execute(joined.where(mine, heard)).scalars().all(), "对方已有更新的消息 told of by a later message")
    return Again(sent=found, unsure=_unsure(conn, number), others=_others(conn, number))


def send_again(
    conn: Connection, who: Principal, number: int, known: Collection[str], *, why: str, now: datetime, real: datetime
) -> Again:
    """Let the sender try it once more, and longer while it is young enough; the caller commits. Raises Refused."""
    require_words(why)
    found = require_again(conn, who, number, known)
    if not sending.reopen(conn, number, real):
        raise _not("已有人处理，请刷新 somebody was faster: load it anew")
    body = {"receiver": found.sent.receiver, "cards": list(found.sent.cards)}
    audit.record(conn, now, who.id, DONE, "delivery", str(number), body, private={"why": why})
    return found


def _not(text: str) -> Refused:
    return Refused(text, sort="state")


def _none(cards: Collection[int], why: str) -> None:
    if cards:
        named = " ".join(f"#{number}" for number in list(cards)[:MOST_NAMED])
        raise _not(f"{named}: {why}")


def _unsure(conn: Connection, number: int) -> bool:
    query = select(ATTEMPT.c.n).where(
        ATTEMPT.c.delivery == number, or_(ATTEMPT.c.result.is_(None), ATTEMPT.c.result == "timeout")
    )
    return conn.execute(query.limit(1)).first() is not None


def _others(conn: Connection, number: int) -> tuple[str, ...]:
    """Receivers that were given the same notices, or are about to be, because this one was not reached."""
    other, sent = ITEM.alias(), DELIVERY.alias()
    query = (
        select(other.c.address, other.c.content)
        .join_from(ITEM, other, (other.c.card == ITEM.c.card) & (other.c.sequence == ITEM.c.sequence)
                   & (other.c.purpose == ITEM.c.purpose) & (other.c.address != ITEM.c.address))
        .join(sent, sent.c.id == other.c.delivery)
        .where(ITEM.c.delivery == number, sent.c.state.in_(("sent", *PENDING)))
    )  # fmt: skip
    return tuple(sorted({row.address for row in conn.execute(query) if row.content.get("undelivered")}))
