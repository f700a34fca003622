"""What people and programs read: cards, subjects, explanations, reports; the JSON shapes of DESIGN §7."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from monitor.model import DEFAULT_ZONE, lowest_watermark
from monitor.store import meta
from monitor.store.facts.cases import CASE, SUBJECT, load_cases
from monitor.store.facts.look import Look
from monitor.store.schema import Quarantine, RawEvent
from monitor.store.sql import chunks, table_of
from monitor.supervision.rules import LOADERS
from monitor.timeliness.counts import CaseClass, classify, count_cases
from monitor.timeliness.policy import TimelinessPolicy

RAW: Final = table_of(RawEvent)
HELD: Final = table_of(Quarantine)


def stamp(at: datetime | None, zone: ZoneInfo) -> str | None:
    """RFC 3339 with the zone's offset."""
    return at.astimezone(zone).isoformat() if at is not None else None


def parse_subject(text: str) -> tuple[str, str]:
    """KIND:ID → (kind, id); ValueError says what is expected."""
    kind, colon, key = text.partition(":")
    if not colon or not kind or not key:
        raise ValueError(f"subject: {text!r} 应写作 is not KIND:ID, such as case:ns/2026-001")
    if kind not in LOADERS:
        raise ValueError(f"subject: 对象类别 kind {kind!r} 不在可选值之内 is none of {', '.join(LOADERS)}")
    return kind, key


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
