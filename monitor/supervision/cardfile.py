"""How one card was worked: its steps with who, when, from where and why, its files, and what may be done now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select

from monitor.access import Principal, refusal
from monitor.model import DEFAULT_ZONE
from monitor.store import attachments, cards
from monitor.store.cards import CARD
from monitor.supervision.cardlist import card_json
from monitor.supervision.commands import work_of
from monitor.supervision.views import stamp
from monitor.supervision.workflow import possible

OWN: Final = ("issuer", "attributed", "appeal", "appellant", "followup")


def card_work(conn: Connection, number: int, zones: Mapping[str, str], who: Principal) -> dict[str, Any] | None:
    """The card as `cards list` shows it, and {"promised_at", "issuer", "attributed", "appeal", "appellant", "followup",
    "steps": [{"sequence", "at", "event", "level", "actor", "why", "from", "to", "body"}], "files": [{"id", "sequence",
    "name", "media_type", "length", "digest", "erased"}], "possible": [step]}. None: there is no such card for `who`.

    `from` and `to` are the states before and after; `possible` is what `who` may do now.
    """
    row = conn.execute(select(CARD).where(CARD.c.number == number)).first()
    if row is None or refusal(who, "cards:read", work_of(row).place) is not None:
        return None
    history = cards.history(conn, [number]).get(number, [])
    zone = ZoneInfo(zones.get(row.hall or "", DEFAULT_ZONE))
    files = [
        {"id": f.id, "sequence": f.sequence, "name": f.name, "media_type": f.media_type, "length": f.length,
         "digest": f.digest, "erased": bool(f.erased)}
        for f in attachments.of_card(conn, number)
    ]  # fmt: skip
    return {
        **card_json(row, history, zones),
        "promised_at": stamp(row.promised_at, zone),
        **{name: getattr(row, name) for name in OWN},
        "steps": [_step(step, zone) for step in history],
        "files": files,
        "possible": possible(work_of(row), who),
    }


def _step(step: Row[Any], zone: ZoneInfo) -> dict[str, Any]:
    """`from` and `to` stand with the steps of people; what a rule changes has neither."""
    body = dict(step.body or {})
    return {
        "sequence": step.sequence,
        "at": stamp(step.at, zone),
        "event": step.event,
        "level": step.level,
        "actor": step.actor,
        "why": step.why,
        "from": body.pop("from", None),
        "to": body.pop("to", None),
        "body": body,
    }
