"""Receivers and routes for the busy hall, where pages are looked at with some: none of them tells of a card by itself,
for the routes are of a hall without cards; and a dead letter of a card that stands.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import select

from monitor.agents.demoplan import HALL
from monitor.store.cards import CARD
from monitor.store.engine import Store
from monitor.store.schema_alerts import Address, AlertItem, Attempt, Delivery
from tests.http_app import insert

LETTER: Final = 41
CONFIG: Final = """
[alerts]
fallback = "head-mail"
quiet = { from = "22:00", to = "07:00" }

[alerts.receivers.desk-1]
url = "http://127.0.0.1:9/hook?key=a-secret-of-the-desk"

[alerts.receivers.li-sms]
url = "http://127.0.0.1:9/sms"

[alerts.receivers.head-mail]
url = "mailto://user:secret@127.0.0.1:9?from=jiancha@hall.example&to=head@hall.example"
lang = "en"

[[alerts.routes]]
hall = ["second"]
rule = ["case.*"]
level = "yellow"
receivers = ["desk-1"]
continue = true

[[alerts.routes.routes]]
hours = "off"
level = "red"
receivers = ["li-sms"]

[[alerts.routes]]
hall = ["second"]
receivers = ["head-mail"]
repeat_minutes = 60

[[alerts.escalation]]
after_minutes = 120
levels = ["red"]
hall = ["second"]
receivers = ["head-mail"]
"""


def add_dead_letter(store: Store) -> None:
    """Message LETTER of a card of the hall that stands."""
    now = datetime.now(UTC) - timedelta(hours=2)
    with store.write() as conn:
        standing = CARD.c.hall == HALL, CARD.c.state == "open", CARD.c.cleared_at.is_(None)
        number = conn.execute(select(CARD.c.number).where(*standing).order_by(CARD.c.number)).scalars().first()
        row = {
            "id": LETTER, "address": "li-sms", "group": "dead", "flush": now, "state": "dead", "due_at": now,
            "attempts": 1, "created": now, "ended": now, "why": "refused for good: HTTP 403",
        }  # fmt: skip
        insert(conn, Delivery, row)
        insert(conn, Address, *({"id": receiver} for receiver in ("desk-1", "head-mail", "li-sms")))
        item = {"card": number, "sequence": 1, "address": "li-sms", "purpose": "firing", "delivery": LETTER}
        insert(conn, AlertItem, {**item, "content": {}})
        tried = {"delivery": LETTER, "n": 1, "channel": "sms", "started": now, "ended": now, "result": "timeout"}
        insert(conn, Attempt, {**tried, "detail": ""})
