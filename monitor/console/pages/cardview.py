"""A card in the words of its pages: a row of the inbox, what it rests on, how it was worked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row

from monitor.console.pages.languages import Language
from monitor.model import Reason, Registry
from monitor.store.alerts import names
from monitor.store.users import names_of
from monitor.wording import (
    event_word,
    level_word,
    render,
    rule_title,
    state_word,
    subject_text,
    why_text,
)
from monitor.wording.actors import actor_word
from monitor.wording.render import pick
from monitor.wording.words import APPEALS, FOLLOW_UPS, KINDS, ROLES
from monitor.wording.worked import details


@dataclass(frozen=True, kw_only=True)
class Words:
    """What turns ids into words on one page: names by `kind:id`, the registry, the reader's language."""

    registry: Registry
    named: Mapping[str, str]
    language: Language

    def name(self, kind: str, key: str | None) -> str:
        called = self.named.get(f"{kind}:{key}") or key or ""
        return actor_word(called, {}, self.language) if kind == "user" else called

    def zone(self, hall: str | None) -> ZoneInfo:
        return self.registry.zone_of(hall)


def words_for(
    conn: Connection, registry: Registry, language: Language, people: Iterable[str | None],
    users: Iterable[str | None] = (),
) -> Words:  # fmt: skip
    """Names of all places, of these people, and of these users who did something (`user:id`)."""
    named = {f"hall:{h.id}": h.name for h in registry.halls.values()}
    named |= {f"unit:{u.id}": u.name for u in registry.units.values()}
    named |= {f"window:{w.id}": w.name for w in registry.windows.values()}
    named |= names(conn, {"staff": sorted({one for one in people if one})})
    named |= {f"user:{user}": name for user, name in names_of(conn, users).items()}
    return Words(registry=registry, named={k: v for k, v in named.items() if v}, language=language)


def inbox_row(row: Row[Any], words: Words) -> dict[str, Any]:
    """A card in one line."""
    zone, language = words.zone(row.hall), words.language
    return {
        "number": row.number,
        "level": row.level,
        "word": level_word(row.level, language),
        "title": rule_title(row.rule, language),
        "text": render(Reason(**row.reason), language, zone, words.named) if row.reason else "",
        "place": words.name("window", row.window) or words.name("unit", row.unit) or words.name("hall", row.hall),
        "who": words.name("staff", row.staff),
        "since": row.since.astimezone(zone),
        "state": row.state,
        "state_word": state_word(row.state, language),
        "over": row.cleared_at is not None,
        "promised": row.promised_at.astimezone(zone) if row.promised_at else None,
        "appeal": pick(APPEALS[row.appeal], language) if row.appeal else "",
        "followup": pick(FOLLOW_UPS[row.followup], language) if row.followup else "",
        "historic": row.historic,
    }


def head_of(card: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """The card's own facts; `card` as `cardfile.card_work` gives it."""
    zone, language = words.zone(card["hall"]), words.language
    kind, key = card["subject"]["kind"], card["subject"]["id"]
    return {
        "number": card["number"],
        "level": card["level"],
        "word": level_word(card["level"], language),
        "title": rule_title(card["rule"], language),
        "rule": card["rule"],
        "text": render(Reason(**card["reason"]), language, zone, words.named) if card["reason"] else "",
        "state": card["state"],
        "state_word": state_word(card["state"], language),
        "kind": kind,
        "key": key,
        "subject": subject_text(kind, key, words.named, language),
        "kind_word": pick(KINDS[kind], language) if kind in KINDS else kind,
        **{place: words.name(place, card[place]) for place in ("hall", "unit", "window", "staff")},
        **{name: instant(card[name], zone) for name in ("since", "issued", "cleared_at", "promised_at")},
        "basis": card["basis"],
        "policy_version": card["policy_version"],
        "historic": card["historic"],
        "issuer": card["issuer"],
        "attributed": card["attributed"],
        "appeal": pick(APPEALS[card["appeal"]], language) if card["appeal"] else "",
        "appeals": card["appeal"],
        "followup": pick(FOLLOW_UPS[card["followup"]], language) if card["followup"] else "",
        "follows": card["followup"],
    }


def instant(text: str | None, zone: ZoneInfo) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(zone) if text else None


def _why(step: Mapping[str, Any], language: Language) -> str:
    """A person's words as they are. A rule's step says by itself what it is, but for a withdrawal."""
    if step["actor"] != "system":
        return str(step["why"])
    return why_text(step["why"], language) if step["event"] == "withdrawn" else ""


def history_of(card: Mapping[str, Any], words: Words, roles: Mapping[str, str]) -> list[dict[str, Any]]:
    """The steps, the newest first; `roles`: the role of each actor that is a user."""
    zone, language = words.zone(card["hall"]), words.language

    def clock(text: str) -> str:
        return datetime.fromisoformat(text).astimezone(zone).strftime("%Y-%m-%d %H:%M")

    files: dict[int, list[Mapping[str, Any]]] = {}
    for file in card["files"]:
        files.setdefault(file["sequence"], []).append(file)
    return [
        {
            "at": instant(step["at"], zone),
            "event": event_word(step["event"], language),
            "level": step["level"],
            "actor": step["actor"],
            "role": pick(ROLES[roles[step["actor"]]], language) if roles.get(step["actor"]) in ROLES else "",
            "by_rule": step["actor"] == "system",
            "why": _why(step, language),
            "led": f"{state_word(step['from'], language)} → {state_word(step['to'], language)}"
            if step["from"] and step["from"] != step["to"]
            else "",
            "details": details(step["body"], language, clock),
            "files": files.get(step["sequence"], []),
        }
        for step in reversed(card["steps"])
    ]
