"""Public screens (电子显示屏): their tokens are made and revoked here, and when each was last seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from monitor.access import Principal, Target, refusal
from monitor.model import Registry
from monitor.store import audit
from monitor.store import notices as stored
from monitor.store.notices import SCREEN
from monitor.supervision.commands import require_known, require_words
from monitor.supervision.files import is_plain
from monitor.supervision.reach import within
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import create_public_token

MAKE: Final = "settings:write"
MOST_NAME: Final = 40
SEEN_EVERY: Final = timedelta(minutes=1)
PATH: Final = "/screen"


def create(
    conn: Connection, registry: Registry, hall: str, name: str, *, actor: Principal, now: datetime
) -> tuple[int, str]:
    """(number, token's text, which is stored nowhere); the caller commits. `now`: real time. Raises Refused."""
    no = refusal(actor, MAKE)
    if no is not None:
        raise Refused.because(no)
    require_known(registry, actor, hall=hall)
    name = name.strip()
    if not name or len(name) > MOST_NAME or not is_plain(name):
        raise Refused(f"名称须有 1 – {MOST_NAME} 字 a name has 1 – {MOST_NAME} characters", field="name")
    token, text = create_public_token(conn, hall, now=now, actor=actor.id)
    row = {"hall": hall, "name": name, "token": token, "created": now, "created_by": actor.id, "version": ""}
    number = stored.add_screen(conn, row)
    audit.record(conn, now, actor.id, "screen.made", "screen", str(number), {"hall": hall, "token": token})
    return number, text


def list_screens(conn: Connection, who: Principal) -> Sequence[Row[Any]]:
    return stored.screens(conn, within(who, SCREEN.c))


def revoke(conn: Connection, number: int, *, actor: Principal, why: str, now: datetime) -> None:
    """The screen is let in no more, and shows nothing from its next question on. Raises Refused."""
    row = next((one for one in list_screens(conn, actor) if one.id == number), None)
    no = refusal(actor, MAKE, Target(hall=row.hall) if row is not None else None)
    if no is not None:
        raise Refused.because(no)
    require_words(why)
    if row is None or not stored.revoke(conn, row.token, now):
        raise Refused(f"screen {number}: 没有在用的此屏 there is no such screen in use", sort="missing")
    body = {"hall": row.hall, "token": row.token}
    audit.record(conn, now, actor.id, "screen.revoked", "screen", str(number), body, private={"why": why})


def due_to_be_seen(row: Row[Any], version: str, now: datetime) -> bool:
    """Whether that it asked is to be written down: once a minute, and when it shows another version."""
    return row.seen_at is None or row.version != version or now - row.seen_at >= SEEN_EVERY
