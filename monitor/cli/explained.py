"""`explain` as a person reads it, in Chinese or English: what stands, why, by which rules, on which days and facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.cli.limits import limit_lines
from monitor.model import Level, Reason
from monitor.wording import (
    Lang,
    advice,
    case_event_word,
    event_word,
    happening_word,
    level_word,
    render,
    rule_title,
    state_word,
    step_text,
    subject_text,
)

MOST_FACTS: Final = 12
INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?[+-]\d{2}:\d{2}")
LABELS: Final = {
    "reason": ("理由", "Reason"),
    "basis": ("依据", "Basis"),
    "advice": ("建议", "What to do"),
    "version": ("规则版本", "Rules"),
    "watermark": ("数据截至", "Data up to"),
    "limit": ("时限版本", "Limit"),
    "steps": ("工作时间", "Working time"),
    "facts": ("事实", "Facts"),
    "history": ("经过", "History"),
    "counted": ("计", "+"),
    "received": ("收到", "arrived"),
    "source": ("来源", "source"),
    "entered": ("录入", "entered"),
    "untrusted": ("时间存疑", "time not trusted"),
    "entries": ("明细", "Entries"),
    "points": ("分", "points"),
    "proposed": ("待查实，未计入", "to be confirmed, not counted"),
}


def lines(card: dict[str, Any], zone: str, lang: Lang) -> Iterator[str]:
    """The text, line by line; instants by the hall's clock."""

    def label(name: str) -> str:
        return LABELS[name][lang == "en"]

    yield headline(card, lang)
    yield f"{label('reason')} {render(Reason(**card['reason']), lang, zone)}"
    yield f"{label('basis')} {card['basis']}"
    yield f"{label('advice')} {advice(card['rule'], Level.of(card['level']).word, lang)}"
    yield f"{label('version')} {card['policy_version']}    {label('watermark')} {card['watermark'] or '—'}"
    for key, value in card["policy"].items():
        yield f"  {key} = {value}"
    if card.get("limit"):
        first, *others = limit_lines(card["limit"], zone, lang)
        yield f"{label('limit')} {first}"
        yield from others
    if card["steps"]:
        yield label("steps")
    for step in card["steps"]:
        told = step_text(step["why"], lang, step.get("by"))  # cards of earlier versions have none
        yield f"  {step['date']}  {label('counted') if step['counted'] else '—'}  {told}"
    if entries := card["reason"]["figures"].get("entries"):
        yield label("entries")
        yield from (f"  {_entry_line(entry, lang)}" for entry in entries)
    yield label("facts")
    for line in _fact_lines(_in_zone(card["facts"], zone), lang):
        yield f"  {line}"
    yield label("history")
    for event in card["history"]:
        words = f"{event_word(event['event'], lang)}  {level_word(event['level'], lang)}"
        yield f"  {event['at']}  {words}  {event['actor']}  {event['why']}"


def headline(card: dict[str, Any], lang: Lang = "zh") -> str:
    """A card in one line, as lists show it."""
    place = card["window"] or card["unit"] or card["hall"] or "-"
    subject = f"{card['subject']['kind']}:{card['subject']['id']}"
    return (
        f"#{card['number']}  {level_word(card['level'], lang)}  {rule_title(card['rule'], lang)}  {subject}  "
        f"{place}  {card['staff'] or '-'}  {card['since']}  {state_word(card['state'], lang)}"
    )


def _entry_line(entry: dict[str, Any], lang: Lang) -> str:
    """An entry of an accumulation: the day, what happened, where, by which row, for how much, on which cards."""
    kind, _, key = entry["subject"].partition(":")
    parts = [entry["date"], happening_word(entry["kind"], lang), subject_text(kind, key, lang=lang), entry["row"]]
    parts += [f"{entry['points']} {LABELS['points'][lang == 'en']}"] if "points" in entry else []
    parts += [f"#{number}" for number in entry.get("cards", ())]
    parts += [] if entry.get("confirmed", True) else [LABELS["proposed"][lang == "en"]]
    return "  ".join(parts)


def _in_zone(value: Any, zone: str) -> Any:
    """The facts with their instants as clocks in the hall show them; JSON keeps them in UTC."""
    if isinstance(value, dict):
        return {key: _in_zone(inner, zone) for key, inner in value.items()}
    if isinstance(value, list):
        return [_in_zone(inner, zone) for inner in value]
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        return value
    return datetime.fromisoformat(value).astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat(sep=" ")


def _fact_lines(facts: dict[str, Any], lang: Lang) -> Iterator[str]:
    """One line a fact: single values, then each element of the lists with its own values; what is empty is left out."""
    for name, value in facts.items():
        if isinstance(value, list):
            for element in value[:MOST_FACTS]:
                yield _element(name, element, lang)
            if len(value) > MOST_FACTS:
                yield f"{name}: … {len(value) - MOST_FACTS} {('条从略，见 --json', 'more, see --json')[lang == 'en']}"
        elif isinstance(value, dict) and value:
            yield f"{name}: {_pairs(value)}"
        elif value not in (None, {}):
            yield f"{name}: {value}"


def _element(name: str, element: Any, lang: Lang) -> str:
    if not isinstance(element, dict):
        return f"{name}: {element}"
    if name == "events" and {"event", "at", "received", "source"} <= element.keys():
        return _event_line(element, lang)
    return f"{name}: {_pairs(element)}"


def _event_line(event: dict[str, Any], lang: Lang) -> str:
    """An event of a case or a task: when, what, told by whom and when that arrived."""

    def label(key: str) -> str:
        return LABELS[key][lang == "en"]

    own = {k: v for k, v in event.items() if k in ("window", "staff", "item", "reason", "due", "unit")}
    parts = [
        f"{event['at']}  {case_event_word(event['event'], lang)}",
        f"{label('source')} {event['source']}/{event['id']}",
        f"{label('received')} {event['received']}",
    ]
    if event.get("entered"):
        parts.append(f"{label('entered')} {event['entered']}")
    if event.get("trusted") is False:
        parts.append(label("untrusted"))
    return "  ".join([*parts, _pairs({**own, **(event.get("body") or {})})]).rstrip()


def _pairs(element: dict[str, Any]) -> str:
    return "  ".join(f"{k}={v}" for k, v in element.items() if v not in (None, "", [], {}))
