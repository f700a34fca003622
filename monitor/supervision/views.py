"""What people and programs read: cards, subjects, explanations, reports; the JSON shapes of DESIGN §7."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, func, select

from monitor.access import Principal
from monitor.model import lowest_watermark
from monitor.store import cards, meta
from monitor.store.cards import CARD
from monitor.store.facts.cases import CASE, SUBJECT, load_cases
from monitor.store.facts.look import Look
from monitor.store.schema import Quarantine, RawEvent
from monitor.store.sql import chunks, table_of
from monitor.supervision.reach import within
from monitor.supervision.rules import LOADERS
from monitor.timeliness.counts import CaseClass, classify, count_cases
from monitor.timeliness.policy import TimelinessPolicy

RAW: Final = table_of(RawEvent)
HELD: Final = table_of(Quarantine)
LEVELS: Final = ("reminder", "yellow", "red")
STATES: Final = ("open", "acknowledged", "answered", "closed", "withdrawn")


@dataclass(frozen=True, kw_only=True)
class CardFilter:
    """Filters of `cards list` and GET /api/v1/cards; None: any. `who` sees what lies within their reach."""

    rule: str | None = None
    level: str | None = None
    state: str | None = None
    subject: tuple[str, str] | None = None
    halls: frozenset[str] | None = None
    number: int | None = None
    who: Principal | None = None


def parse_subject(text: str) -> tuple[str, str]:
    """KIND:ID → (kind, id); ValueError says what is expected."""
    kind, colon, key = text.partition(":")
    if not colon or not kind or not key:
        raise ValueError(f"subject: {text!r} 应写作 is not KIND:ID, such as case:ns/2026-001")
    if kind not in LOADERS:
        raise ValueError(f"subject: 对象类别 kind {kind!r} 不在可选值之内 is none of {', '.join(LOADERS)}")
    return kind, key


def list_cards(conn: Connection, chosen: CardFilter, zones: Mapping[str, str]) -> list[dict[str, Any]]:
    """Cards by number, with their history, in the shape of DESIGN §7; instants in the zone of the card's hall."""
    rows = conn.execute(_query(chosen).order_by(CARD.c.number)).all()
    histories = cards.history(conn, [r.number for r in rows])
    return [card_json(row, histories.get(row.number, []), zones) for row in rows]


def _query(chosen: CardFilter) -> Select[Any]:
    query = select(CARD)
    for name in ("rule", "level", "state", "number"):
        value = getattr(chosen, name)
        if value is not None:
            query = query.where(CARD.c[name] == value)
    if chosen.subject is not None:
        query = query.where(CARD.c.kind == chosen.subject[0], CARD.c.key == chosen.subject[1])
    if chosen.halls is not None:
        query = query.where(CARD.c.hall.in_(chosen.halls))
    return query if chosen.who is None else query.where(within(chosen.who, CARD.c))


def card_json(row: Row[Any], history: Sequence[Row[Any]], zones: Mapping[str, str]) -> dict[str, Any]:
    zone = ZoneInfo(zones.get(row.hall or "", DEFAULT_ZONE))
    return {
        "number": row.number,
        "rule": row.rule,
        "level": row.level,
        "state": row.state,
        "cleared_at": stamp(row.cleared_at, zone),
        "historic": row.historic,
        "episode": row.episode,
        "subject": {"kind": row.kind, "id": row.key},
        "hall": row.hall,
        "unit": row.unit,
        "window": row.window,
        "staff": row.staff,
        "since": stamp(row.since, zone),
        "issued": stamp(row.issued, zone),
        "policy_version": row.policy_version,
        "basis": row.basis,
        "reason": row.reason,
        "history": [
            {"at": stamp(h.at, zone), "event": h.event, "level": h.level, "actor": h.actor, "why": h.why}
            for h in history
        ],
    }


DEFAULT_ZONE: Final = "Asia/Shanghai"


def stamp(at: datetime | None, zone: ZoneInfo) -> str | None:
    """RFC 3339 with the zone's offset."""
    return at.astimezone(zone).isoformat() if at is not None else None


def explain(conn: Connection, number: int, zones: Mapping[str, str]) -> dict[str, Any] | None:
    """The card with what it was judged on; None where there is no such card."""
    found = list_cards(conn, CardFilter(number=number), zones)
    if not found:
        return None
    kept = conn.execute(select(CARD.c.explanation).where(CARD.c.number == number)).scalar_one() or {}
    empty: dict[str, Any] = {"facts": {}, "steps": [], "policy": {}, "watermark": None}
    zone = ZoneInfo(zones.get(found[0]["hall"] or "", DEFAULT_ZONE))
    mark = datetime.fromisoformat(kept["watermark"]) if kept.get("watermark") else None
    return {**found[0], **empty, **kept, "watermark": stamp(mark, zone)}


def list_subjects(conn: Connection, subject: tuple[str, str] | None, zones: Mapping[str, str]) -> list[dict[str, Any]]:
    """Subjects by kind and key in the shape of DESIGN §7."""
    query = select(SUBJECT).order_by(SUBJECT.c.kind, SUBJECT.c.key)
    if subject is not None:
        query = query.where(SUBJECT.c.kind == subject[0], SUBJECT.c.key == subject[1])
    rows = []
    for row in conn.execute(query):
        zone = ZoneInfo(zones.get(row.hall or "", DEFAULT_ZONE))
        rows.append(
            {
                "kind": row.kind,
                "id": row.key,
                "verdict": row.verdict,
                "watermark": stamp(row.watermark, zone),
                "next_check_at": stamp(row.next_check_at, zone),
            }
        )
    return rows


def report_events(conn: Connection) -> dict[str, int]:
    """{"stored", "duplicates", "quarantined"}: counted from the store; duplicates are repeats of a stored id."""
    stored = conn.execute(select(func.count()).select_from(RAW)).scalar_one()
    held = conn.execute(select(func.count()).select_from(HELD).where(HELD.c.state == "open")).scalar_one()
    return {"stored": int(stored), "duplicates": meta.version(conn, meta.DUPLICATES), "quarantined": int(held)}


def report_cases(look: Look, policy: TimelinessPolicy) -> dict[str, Any]:
    """Counts of cases at the look's time, read and folded in batches (DESIGN §7, `report cases`).

    `judged_to`: how far the sources of the counted cases carry, at most the look's time.
    """
    keys = list(look.conn.execute(select(CASE.c.case_key).distinct().order_by(CASE.c.case_key)).scalars())
    classes: list[CaseClass | None] = []
    judged_to = look.now
    for batch in chunks(keys):
        for loaded in load_cases(look, batch).values():
            assert loaded.calendar is not None  # load_cases always finds one
            classes.append(classify(loaded.facts, policy, loaded.calendar, look.now))
            mark = lowest_watermark(loaded.facts.sources)
            judged_to = min(judged_to, mark) if mark is not None else judged_to
    return {**count_cases(classes), "judged_to": stamp(judged_to, ZoneInfo("UTC"))}
