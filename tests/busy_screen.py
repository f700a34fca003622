"""What the pages of operation and of the public screen need of the busy hall: messages that went out, notices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select

from monitor.store.cards import CARD
from monitor.store.engine import Store
from monitor.store.schema_alerts import AlertItem, Attempt, Delivery
from tests.http_app import insert

TOLD: Final = (
    ("office", "sent", (("webhook", "sent", ""),)),
    (
        "li-sms", "dead",
        (("sms", "refused", "号码 13800138000 不存在"), ("sms", "refused", "http://10.0.0.8/send?key=abc: 503")),
    ),
    ("head-mail", "sent", (("mail", "timeout", ""), ("mail", "sent", ""))),
)  # fmt: skip
"""Receiver, state, tries as (channel, result, what came back)."""


def stage(folder: Path) -> None:
    """Written into the store of the busy hall in `folder`."""
    store = Store(f"sqlite:///{folder / 'jiancha.sqlite'}")
    with store.write() as conn:
        _told(conn, datetime.now(UTC))  # messages go by the wall's clock
    store.close()


def _told(conn: Connection, now: datetime) -> None:
    """Of one closed card, so that what others look at stays as it is."""
    wanted = select(CARD.c.number).where(CARD.c.state == "closed").order_by(CARD.c.number).limit(1)
    number = conn.execute(wanted).scalar_one()
    for n, (receiver, state, tries) in enumerate(TOLD, 1):
        begun = now - timedelta(minutes=50 - 10 * n)
        ended = begun + timedelta(minutes=3)
        row: dict[str, Any] = {
            "id": n, "address": receiver, "group": "busy", "flush": begun, "state": state, "due_at": ended,
            "attempts": len(tries), "created": begun, "ended": ended, "why": "未再尝试" if state == "dead" else "",
        }  # fmt: skip
        insert(conn, Delivery, row)
        item = {"card": number, "sequence": 1, "address": receiver, "purpose": "firing", "delivery": n, "content": {}}
        insert(conn, AlertItem, item)
        for k, (channel, result, detail) in enumerate(tries, 1):
            started = begun + timedelta(minutes=k)
            row = {"delivery": n, "n": k, "channel": channel, "started": started, "ended": started, "result": result}
            insert(conn, Attempt, {**row, "detail": detail})
