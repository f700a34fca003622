"""What a receiver would read of a card: title and text, by its template, language and right to names."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from alerts.composing import written
from alerts.contents import content_of, named_ids, notice_of, snapshot
from alerts.policy import AlertPolicy
from alerts.rendering import Content, Style, split
from alerts.templates import EXAMPLE
from monitor.store import alerts as rows


def example(conn: Connection, number: int | None) -> Content:
    """The card's last notice as it would be told now; without a number a made-up card. LookupError: no such card."""
    if number is None:
        return EXAMPLE
    card = rows.card_row(conn, number)
    history = rows.notices(conn, number)
    if card is None or not history:
        raise LookupError(f"card {number}: 没有这个号的牌 no such card")
    notice = notice_of(history[-1])
    content = snapshot(card, notice)
    purpose = "resolved" if content["cleared_at"] or notice.event in ("closed", "withdrawn") else "firing"
    return content_of({"card": number, "sequence": notice.sequence, "purpose": purpose, "content": content})


def read_by(
    conn: Connection, policy: AlertPolicy, receiver: str, content: Content, limit: int | None
) -> tuple[str, Sequence[str]]:
    """Title and the parts of the text that the receiver would get. KeyError for a receiver that there is not."""
    known = policy.receivers[receiver]
    style = Style(
        lang=policy.lang_of(receiver),
        zone=policy.zone,
        zones=rows.zones(conn),
        names=rows.names(conn, named_ids((content,))),
        link=policy.link,
    ).masked(known.names)
    head, body = written((content,), content.purpose, style, policy.template_of(receiver))
    return head, split(body, limit)
