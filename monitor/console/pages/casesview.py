"""Cases in words: what the templates of lists and of one case show, in the language of whoever looks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.console.pages import strip
from monitor.console.pages.languages import Language
from monitor.model import Reason
from monitor.store.facts.look import Look
from monitor.supervision.casefile import CaseFile
from monitor.supervision.caserows import CaseRow
from monitor.wording import case_event_word, level_word, render, rule_title, state_word
from monitor.wording.casewords import (
    CASE_KINDS,
    EVENT_FIELDS,
    EVENT_STANDINGS,
    FIELD_VALUES,
    LIMIT_TITLES,
    ORIGINS,
    PAUSE_CAUSES,
    STANDINGS,
)
from monitor.wording.render import pick
from monitor.wording.words import PROCEDURES, UNITS_OF_TIME, Texts

GLYPHS: Final[Mapping[str, str]] = {
    "waiting": "○", "running": "▶", "passed": "?", "overdue": "!", "paused": "‖", "on_time": "✓", "late": "✗",
    "rejected": "↩", "withdrawn": "↩", "returned": "↩",
}  # fmt: skip
"""The shape beside the colour of where a case stands."""
AT_ONCE: Final = timedelta(minutes=1)
"""An event that was heard of later than this says when."""
LONG_STRIP: Final = 63
"""More days than this are folded away behind a line that says how many."""


def row_view(row: CaseRow, names: Mapping[str, str], language: Language) -> dict[str, Any]:
    """One line of a list; instants in the zone of the case's hall."""
    stat, zone = row.stat, row.zone
    return {
        "key": row.key,
        "number": row.number,
        "item": names.get(f"item:{stat.item}", stat.item or ""),
        "kind": pick(CASE_KINDS[stat.kind], language),
        "window": named(names, "window", stat.window),
        "unit": named(names, "unit", stat.unit),
        "staff": named(names, "staff", stat.staff),
        "standing": row.standing,
        "glyph": GLYPHS[row.standing],
        "word": pick(STANDINGS[row.standing], language),
        "historic": stat.historic,
        "received": local(stat.received_at, zone),
        "accepted": local(stat.accepted_at, zone),
        "ended": local(stat.ended_at, zone),
        "due": local(row.due, zone),
        "provisional": row.provisional,
        "left": row.left,
        "today": row.left == 0 and row.standing in ("running", "waiting"),
        "paused": local(stat.paused_at, zone),
        "card": card_view(row.card, language) if row.card is not None else None,
    }


def card_view(card: Mapping[str, Any], language: Language) -> dict[str, Any]:
    return {
        "number": card["number"],
        "level": card["level"],
        "word": level_word(card["level"], language),
        "title": rule_title(card["rule"], language),
        "state": state_word(card["state"], language),
        "over": card["state"] in ("closed", "withdrawn"),
    }


def file_view(look: Look, file: CaseFile, names: Mapping[str, str], language: Language) -> dict[str, Any]:
    """Everything on a case's page."""
    zone = file.row.zone
    today = file.row.calendar.local_date(look.now)
    return {
        "row": row_view(file.row, names, language),
        "limits": [_limit_view(limit, zone, today, language) for limit in file.limits],
        "events": [_event_view(event, zone, names, language) for event in file.events],
        "pauses": [_pause_view(pause, zone, language) for pause in file.pauses],
        "cards": [
            {**card_view(card, language), "issued": local(card["issued"], zone),
             "text": _told(card, zone, names, language)}
            for card in file.cards
        ],
        "findings": [
            {"rule": rule, "title": rule_title(rule, language), "at": local(at, zone),
             "why": render(reason, language, zone, names)}
            for rule, at, reason in file.findings
        ],
        "ratings": [
            {**rating, "at": local(rating["at"], zone), "window": named(names, "window", rating["window"]),
             "origin": word(ORIGINS, rating["origin"], language),
             "stage": case_event_word(rating["stage"], language) if rating["stage"] else ""}
            for rating in file.ratings
        ],
    }  # fmt: skip


def wanted_names(file: CaseFile) -> dict[str, list[str]]:
    """Whose names a case's page shows beside those of its row."""
    found: dict[str, set[str]] = {"window": set(), "staff": set()}
    for part in (*file.events, *file.ratings):
        for kind, ids in found.items():
            ids.update([part[kind]] if part[kind] else [])
    for _, _, reason in file.findings:
        for kind, ids in found.items():
            value = reason.figures.get(kind)
            ids.update([value] if isinstance(value, str) else [])
    return {kind: sorted(ids) for kind, ids in found.items()}


def _told(card: Mapping[str, Any], zone: ZoneInfo, names: Mapping[str, str], language: Language) -> str:
    return render(Reason(code=card["reason"]["code"], figures=card["reason"]["figures"]), language, zone, names)


def _limit_view(limit: Mapping[str, Any], zone: ZoneInfo, today: date, language: Language) -> dict[str, Any]:
    due = datetime.fromisoformat(limit["due"]).astimezone(zone) if limit["due"] else None
    amount = limit["amount"]
    days = strip.days([step.to_json() for step in limit["steps"]], due.date() if due else None, today, language)
    return {
        "title": word(LIMIT_TITLES, limit["limit"], language),
        "amount": f"{amount:g} {word(UNITS_OF_TIME, limit['unit'], language)}" if amount is not None else "",
        "begin": datetime.fromisoformat(limit["from"]).astimezone(zone),
        "due": due,
        "provisional": limit["provisional"],
        "paused_days": limit["paused_days"],
        "extension_days": limit["extension_days"],
        "days": days,
        "used": sum(1 for day in days if day["counted"] and day["date"] <= today),
        "all": sum(1 for day in days if day["counted"]),
        "long": len(days) > LONG_STRIP,
    }


def _event_view(
    event: Mapping[str, Any], zone: ZoneInfo, names: Mapping[str, str], language: Language
) -> dict[str, Any]:
    body = {name: value for name, value in event["body"].items() if value is not None}
    return {
        "id": event["id"],
        "event": event["event"],
        "word": case_event_word(event["event"], language),
        "at": local(event["at"], zone),
        "received": local(event["received"], zone),
        "late": event["received"] - event["at"] > AT_ONCE,
        "entered": local(event["entered"], zone),
        "trusted": event["trusted"],
        "source": event["source"],
        "item": names.get(f"item:{event['item']}", event["item"] or ""),
        "window": named(names, "window", event["window"]),
        "staff": named(names, "staff", event["staff"]),
        "reason": event["reason"] or "",
        "fields": [(word(EVENT_FIELDS, name, language), _value(name, body[name], zone, language)) for name in body],
        "standing": event["standing"],
        "note": pick(EVENT_STANDINGS[event["standing"]], language),
    }


def _value(name: str, value: Any, zone: ZoneInfo, language: Language) -> str:
    if name == "due":
        return f"{datetime.fromisoformat(value).astimezone(zone):%Y-%m-%d %H:%M}"
    if name == "procedure":
        return word(PROCEDURES, str(value), language)
    return word(FIELD_VALUES.get(name, {}), f"{value:g}" if isinstance(value, float) else str(value), language)


def _pause_view(pause: Mapping[str, Any], zone: ZoneInfo, language: Language) -> dict[str, Any]:
    return {
        **pause,
        "from": local(pause["from"], zone),
        "to": local(pause["to"], zone),
        "cause": word(PAUSE_CAUSES, pause["cause"], language),
        "procedure": word(PROCEDURES, pause["procedure"], language) if pause["procedure"] else "",
    }


def word(table: Mapping[str, Texts], key: str, language: Language) -> str:
    return pick(table.get(key, (key, key)), language)


def named(names: Mapping[str, str], kind: str, key: str | None) -> str:
    return names.get(f"{kind}:{key}", key) if key else ""


def local(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    return at.astimezone(zone) if at is not None else None
