"""One card's page: what it says, what it rests on, how it was worked, and just the steps that this person may take."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from sqlalchemy import Connection, select

from monitor.console.cards import no_card
from monitor.console.deps import Deps
from monitor.console.pages import strip
from monitor.console.pages.cardview import Words, head_of, history_of, instant, words_for
from monitor.console.pages.evidenceview import Evidence, limit_values
from monitor.console.pages.frame import may, page, texts
from monitor.console.pages.languages import Language, language_of
from monitor.console.pages.windowday import day_bar
from monitor.model import Registry
from monitor.store.schema import PrivateText, User
from monitor.store.sql import table_of
from monitor.supervision.cardfile import card_work
from monitor.supervision.cardlist import CardFilter, explain, rows_of
from monitor.supervision.files import KINDS, MOST_BYTES, MOST_FILES
from monitor.supervision.postdays import post_days
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed
from monitor.supervision.workflow import FINDINGS, ORDER_KINDS, RESULTS
from monitor.wording import advice, advice_when_over, level_word, state_word
from monitor.wording.render import pick
from monitor.wording.words import FOLLOW_UPS
from monitor.wording.words import ORDER_KINDS as ORDER_WORDS
from monitor.wording.words import RESULTS as RESULT_WORDS

PRIVATE: Final = table_of(PrivateText)
USER: Final = table_of(User)
OTHERS: Final = 20


def card_page(
    deps: Deps, request: Request, signed: Signed, number: int, *, did: str = "", status: int = 200, fault: str = "",
    failed: str = "", said: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """`did`: the step that was just taken; `fault`, `failed`, `said`: why a step was refused, which, and what was
    written for it. 404 for a card beyond their reach.
    """
    language = language_of(request)
    now = deps.clock.now()
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
        zones = {hall.id: hall.zone for hall in registry.halls.values()}
        card = card_work(conn, number, zones, signed.person)
        explained = explain(conn, number, zones) if card is not None else None
        if card is None or explained is None:
            raise no_card(number)
        shown = _read(deps, conn, registry, card, explained, language, request, now, signed)
    return page(
        request, "card.html", status, signed=signed, did=did, fault=fault, failed=failed, said=said or {}, **shown
    )


def _read(
    deps: Deps, conn: Connection, registry: Registry, card: Mapping[str, Any], explained: Mapping[str, Any],
    language: Language, request: Request, now: datetime, signed: Signed,
) -> dict[str, Any]:  # fmt: skip
    colleagues = _colleagues(registry, card["hall"]) if "attributed" in card["possible"] else []
    people = [card["staff"], *_people_in(explained.get("facts") or {}), *colleagues]
    words = words_for(conn, registry, language, people)
    zone = words.zone(card["hall"])
    head = head_of(card, words)
    facts = explained.get("facts") or {}
    actors = {step["actor"] for step in card["steps"]}
    roles = {row.id: row.role for row in conn.execute(select(USER.c.id, USER.c.role).where(USER.c.id.in_(actors)))}
    is_over = head["cleared_at"] is not None
    return {
        "card": head,
        "advice": advice_when_over(language) if is_over else advice(card["rule"], card["level"], language),
        "history": history_of(card, words, roles),
        "evidence": Evidence(words=words, zone=zone, _=texts(request)).tables(head["kind"], facts),
        "comment": _comment(conn, head["kind"], head["key"]),
        "bar": _bar(deps, conn, head, zone, language, now),
        "strip": _strip(explained, card, zone, now, language),
        "limits": limit_values(explained.get("limit") or {}, zone, language, texts(request)),
        "policy": sorted((explained.get("policy") or {}).items()),
        "watermark": explained.get("watermark") and datetime.fromisoformat(explained["watermark"]).astimezone(zone),
        "others": _others(conn, card, signed, language),
        "possible": _possible(card["possible"], card["appeal"]),
        "may_export": may(signed, "audit:read"),
        "picks": _picks(registry, card["hall"], words, colleagues),
        "file_kinds": KINDS,
        "file_bytes": MOST_BYTES // 2**20,
        "file_count": MOST_FILES,
        "zone_name": zone.key,
    }


def _possible(steps: list[str], appeal: str | None) -> list[str]:
    """The forms in the order in which they are offered; deciding an appeal is one form, not two."""
    offered = [step for step in steps if step not in ("upheld", "withdrawn")]
    if "withdrawn" in steps:
        offered = ["review", *offered] if appeal == "pending" else [*offered, "withdrawn"]
    return offered


def _people_in(facts: Mapping[str, Any]) -> list[str]:
    found = [facts.get("staff")]
    for name in ("signs", "events", "checkins"):
        found += [one.get("staff") for one in facts.get(name) or () if isinstance(one, Mapping)]
    return [one for one in found if one]


def _comment(conn: Connection, kind: str, key: str) -> str:
    """What the citizen wrote, where it is a rating and the words are still kept."""
    if kind != "rating":
        return ""
    query = select(PRIVATE.c.text).where(PRIVATE.c.owner == f"rating:{key}", PRIVATE.c.name == "comment")
    return conn.execute(query).scalar() or ""


def _bar(
    deps: Deps, conn: Connection, head: Mapping[str, Any], zone: ZoneInfo, language: Language, now: datetime
) -> dict[str, Any] | None:
    """The window's day, for a card about a post, as it is known by now."""
    if head["kind"] != "post" or deps.look is None:
        return None
    window, day, _ = head["key"].split("/")
    try:
        found = post_days(deps.look(conn, now), deps.policy.post, date.fromisoformat(day), window=window)
    except (Refused, ValueError):  # a window that left the registry
        return None
    return day_bar(found[0], language) if found and found[0].sessions else None


def _strip(
    explained: Mapping[str, Any], card: Mapping[str, Any], zone: ZoneInfo, now: datetime, language: Language
) -> list[dict[str, Any]]:
    """The legal clock day by day, where the card rests on one."""
    due = (card["reason"] or {}).get("figures", {}).get("due")
    due_at = instant(due, zone) if isinstance(due, str) else None
    steps = explained.get("steps") or []
    return strip.days(steps, due_at.date() if due_at else None, now.astimezone(zone).date(), language)


def _others(conn: Connection, card: Mapping[str, Any], signed: Signed, language: Language) -> list[dict[str, Any]]:
    """Other cards about the same thing: earlier episodes, and the order that was opened for it."""
    kind, key = card["subject"]["kind"], card["subject"]["id"]
    kinds = {kind, "order", "case"} if kind in ("case", "order") else {kind, "order"}
    found = []
    for one in sorted(kinds):
        chosen = CardFilter(subject=(one, key), who=signed.person)
        found += [row for row in rows_of(conn, chosen, "newest", None, OTHERS) if row.number != card["number"]]
    return [
        {"number": row.number, "level": row.level, "word": level_word(row.level, language),
         "state_word": state_word(row.state, language), "rule": row.rule}
        for row in found
    ]  # fmt: skip


def _colleagues(registry: Registry, hall: str | None) -> list[str]:
    theirs = {u.id for u in registry.units.values() if u.hall == hall}
    return sorted(s.id for s in registry.staff.values() if s.unit in theirs)


def _picks(
    registry: Registry, hall: str | None, words: Words, colleagues: list[str]
) -> dict[str, list[tuple[str, str]]]:
    language = words.language
    return {
        "order_kinds": [(kind, pick(ORDER_WORDS[kind], language)) for kind in ORDER_KINDS],
        "results": [(kind, pick(RESULT_WORDS[kind], language)) for kind in RESULTS],
        "findings": [(kind, pick(FOLLOW_UPS[kind], language)) for kind in FINDINGS],
        "units": sorted((u.id, u.name or u.id) for u in registry.units.values() if u.hall == hall),
        "windows": sorted((w.id, w.name or w.id) for w in registry.windows.values() if w.hall == hall),
        "staff": [(one, words.name("staff", one)) for one in colleagues],
    }
