"""What the pages of operation and of the public screen need of the busy hall: messages that went out, notices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select

from monitor.agents.demoplan import HALL
from monitor.store.cards import CARD
from monitor.store.engine import Store
from monitor.store.schema_alerts import AlertItem, Attempt, Delivery
from monitor.store.schema_screen import Notice
from tests.http_app import insert

NOTED: Final = datetime(2026, 3, 4, 6, 0, tzinfo=UTC)
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
        _noticed(conn)
    store.close()


def _noticed(conn: Connection) -> None:
    """One that was released, and a circular on a card that waits for its release."""
    number = conn.execute(select(CARD.c.number).where(CARD.c.staff.is_not(None)).order_by(CARD.c.number)).scalar()
    day = NOTED.date()
    both = {"hall": HALL, "first": day, "last": day + timedelta(days=30), "written": NOTED, "author": "duty"}
    insert(
        conn, Notice,
        {**both, "id": 1, "kind": "notice", "title": "周五下午延时服务", "text": "3月6日（周五）服务延长至18:30。",
         "state": "released", "released_by": "head", "released_at": NOTED},
        {**both, "id": 2, "kind": "circular", "title": "关于考勤情况的通报", "text": "演示员二迟到，予以通报。",
         "card": number},
    )  # fmt: skip


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
