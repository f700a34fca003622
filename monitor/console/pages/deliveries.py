"""Deliveries (送达): every message with its tries; addresses are masked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response

from monitor.access import reaches_all
from monitor.console.deps import Deps
from monitor.console.devicebodies import PLAIN
from monitor.console.pages.account import zone_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import Language, language_of
from monitor.console.pages.session import require_person
from monitor.console.paging import cut
from monitor.supervision.deliverylist import PAGE, STATES, Chosen, Sent, count_by_state, list_deliveries, receivers_of
from monitor.supervision.deliverywork import ACTION, KINDS
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.wording.operations import MESSAGE_KINDS, MESSAGE_STATES, RESULTS
from monitor.wording.render import pick


def add_deliveries(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "operations:read")

    @pages.get("/operations/deliveries")
    def deliveries(
        request: Request,
        receiver: str = Query("", max_length=100, pattern=PLAIN),
        state: str = Query("", max_length=20, pattern=PLAIN),
        hall: str = Query("", max_length=64, pattern=PLAIN),
        first: str = Query("", max_length=10, alias="from"),
        last: str = Query("", max_length=10, alias="to"),
        after: str = Query("", pattern=r"^\d{0,18}$"),
        done: str = Query("", max_length=10, pattern=PLAIN),
        signed: Signed = Depends(person),
    ) -> Response:
        """100 a page, the newest first. Days are those of the hall's zone, by real time."""
        language = language_of(request)
        with deps.store.read() as conn:
            registry = deps.registry.get(conn)
            zone = zone_of(registry, signed)
            chosen = Chosen(
                receiver=receiver or None, state=state if state in STATES else None, hall=hall or None,
                since=_day(first, "from", zone), until=_day(last, "to", zone, days=1),
                before=int(after) if after else None,
            )  # fmt: skip
            found = list_deliveries(conn, signed.person, chosen)
            counts = count_by_state(conn, signed.person, chosen)
            known = receivers_of(conn) if reaches_all(signed.person) else sorted({one.receiver for one in found})
        shown, last_one = cut(found, PAGE)
        asked = {"receiver": receiver, "state": state, "hall": hall, "from": first, "to": last}
        given = {name: value for name, value in asked.items() if value}
        names = sorted({*known, *deps.receivers}) if reaches_all(signed.person) else known
        return page(
            request, "deliveries.html", signed=signed,
            rows=[sent_view(one, deps.receivers, zone, language) for one in shown],
            asked=asked, filtered=bool(given), halls=halls_within(registry, signed.person), receivers=names,
            every_state=[(one, pick(MESSAGE_STATES[one], language)) for one in STATES],
            counts=[
                {"state": one, "word": pick(MESSAGE_STATES[one], language), "count": counts[one]}
                for one in STATES if counts.get(one)
            ],
            link=lambda **more: "/operations/deliveries?" + urlencode({**given, **more}),
            next=f"/operations/deliveries?{urlencode({**given, 'after': last_one.id})}" if last_one else None,
            zone=str(zone), done=done,
            may_send=may(signed, ACTION),
        )  # fmt: skip


def _day(text: str, field: str, zone: ZoneInfo, days: int = 0) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=days), time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(f"日期应写作 write a day as 2026-03-04, not {text!r}", field=field) from None


def sent_view(one: Sent, receivers: Mapping[str, str], zone: ZoneInfo, language: Language) -> dict[str, Any]:
    return {
        "id": one.id, "receiver": one.receiver, "address": receivers.get(one.receiver, ""),
        "kind": pick(MESSAGE_KINDS[one.kind], language) if one.kind in MESSAGE_KINDS else one.kind,
        "state": one.state, "word": pick(MESSAGE_STATES[one.state], language), "why": one.why,
        "again": one.state == "dead" and one.kind in KINDS,
        "created": one.created.astimezone(zone), "ended": one.ended.astimezone(zone) if one.ended else None,
        "due_at": one.due_at.astimezone(zone) if one.due_at else None, "cards": one.cards,
        "more_cards": one.card_count - len(one.cards),
        "tries": [
            {"n": t.n, "part": t.part, "channel": t.channel, "started": t.started.astimezone(zone), "detail": t.detail,
             "result": pick(RESULTS[t.result or "unseen"], language), "fine": t.result == "sent"}
            for t in one.tries
        ],
    }  # fmt: skip
