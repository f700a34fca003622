"""A hall in the middle of a working day, with a year behind it: 318,022 cases (bench/madeyear.py), 100 windows, 250
people, four thousand cards, a hundred thousand ratings, and the heartbeats of its devices of the last two days.

What the pages are measured on. Cards and ratings of the past are written by bulk; what stands today is judged by the
daemon itself. Nothing is drawn at random.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

import madework
from madeyear import Year, register, registry, rows_of
from sqlalchemy import Table

from monitor.store.cards import CARD
from monitor.store.engine import Store
from monitor.store.facts.cases import CASE, SUBJECT
from monitor.store.registry import RegistryCache
from monitor.store.schema import (
    Audit,
    CardEvent,
    CaseStatRow,
    HeartbeatRow,
    IdentityRow,
    PlanRequest,
    PlanRequestStep,
    PresenceRow,
    RatingRow,
    RawEvent,
    SpotCheckRow,
)
from monitor.store.schema_alerts import AlertItem, Attempt, Delivery
from monitor.store.sql import table_of
from monitor.supervision.people import Person, save_person
from monitor.workcal import build_calendar

NOW: Final = datetime(2025, 12, 31, 2, 0, tzinfo=UTC)
"""Wednesday, 10:00 in the hall: an hour and a half of its morning is over."""
OPENED: Final = NOW - timedelta(minutes=90)
YEAR: Final = Year(windows=100)
PEOPLE: Final = 250
CARDS, STANDING = 4_000, 150
RATINGS: Final = 100_000
READING: Final = timedelta(seconds=30)
BEATS_FROM: Final = NOW - timedelta(days=2)
ISSUER: Final = "bench"
LOOKERS: Final = {"duty": "duty_supervisor", "head": "supervision_head", "admin": "administrator"}
BULK: Final = 20_000
Rows = Iterable[dict[str, Any]]


def hall() -> dict[str, list[dict[str, Any]]]:
    """The year's hall with people of two ranks at each window, a camera and an evaluator there, and terminals."""
    made = registry(YEAR.windows)
    names = [w["id"] for w in made["windows"]]
    units = [u["id"] for u in made["units"]]
    made["staff"] = [
        {"id": f"s{n:02d}", "unit": units[n % len(units)], "name": f"员{n}"} for n in range(PEOPLE)
    ]  # fmt: skip
    made["posts"] = [
        {"window": window, "staff": f"s{n + YEAR.windows * back:02d}", "rank": rank}
        for n, window in enumerate(names)
        for back, rank in enumerate("AB")
    ]
    made["devices"] = [
        *({"id": f"cam-{w}", "kind": "camera", "window": w} for w in names),
        *({"id": f"eval-{w}", "kind": "evaluator", "window": w} for w in names),
        *({"id": f"gate-{n}", "kind": "terminal", "hall": "h1", "serves": ["*"]} for n in range(4)),
        {"id": "cases", "kind": "cases", "hall": "h1", "namespace": "year"},
    ]
    return made


def write_hall(store: Store) -> None:
    """Everything into an upgraded, empty store."""
    register(store, hall(), NOW - timedelta(days=1))
    _cases(store)
    _put(store, table_of(RatingRow), _ratings())
    _put(store, table_of(HeartbeatRow), _beats())
    _put(store, table_of(PresenceRow), _readings())
    _put(store, table_of(RawEvent), [_last_event()])
    cards = list(_cards())
    _put(store, CARD, cards)
    _put(store, table_of(CardEvent), (event for card in cards for event in _history(card)))
    _work(store)
    store.step(_people)


def _work(store: Store) -> None:
    """The lists of paper (bench/madework.py)."""
    real = datetime.now(UTC)
    for model, rows in (
        (PlanRequest, madework.requests(NOW, YEAR.windows)),
        (PlanRequestStep, madework.request_steps(NOW, YEAR.windows)),
        (SpotCheckRow, madework.spots(NOW, YEAR.windows)),
        (Audit, madework.audited(NOW, CARDS)),
        (Delivery, madework.deliveries(real)),
        (AlertItem, madework.items(real, CARDS)),
        (Attempt, madework.tries(real)),
    ):
        _put(store, table_of(model), rows)


def _put(store: Store, table: Table, rows: Rows) -> None:
    left = iter(rows)
    while some := list(islice(left, BULK)):
        store.step(lambda conn, some=some: conn.execute(table.insert(), some))  # type: ignore[misc]


def _cases(store: Store) -> None:
    """As a judge leaves them that heard each: the completed ones are over, the others run."""
    calendar = build_calendar()
    events = [row for row in rows_of(YEAR, calendar) if row["at"] <= NOW]
    for row in events:
        row["source"] = "cases"
    _put(store, CASE, events)
    cases: dict[str, dict[str, dict[str, Any]]] = {}
    for row in events:
        cases.setdefault(row["case_key"], {})[row["event"]] = row
    _put(store, SUBJECT, (_subject(key, told) for key, told in cases.items()))
    _put(store, table_of(CaseStatRow), (_stat(key, told) for key, told in cases.items()))


def _subject(key: str, told: dict[str, dict[str, Any]]) -> dict[str, Any]:
    over = "completed" in told
    return {
        "kind": "case", "key": key, "hall": "h1", "version": 1, "verdict": "ok" if over else "pending",
        "next_check_at": None if over else NOW + timedelta(days=1), "judged_at": NOW, "historic": False, "failures": 0,
    }  # fmt: skip


def _stat(key: str, told: dict[str, dict[str, Any]]) -> dict[str, Any]:
    first, done = told["received"], told.get("completed")
    return {
        "case_key": key, "hall": "h1", "unit": first["item"].rpartition("-")[2], "window": first["window"],
        "staff": first["staff"], "item": first["item"],
        "kind": "immediate" if first["item"].startswith("now-") else "promised",
        "received_us": _us(first), "accepted_us": _us(told["accepted"]) if "accepted" in told else None,
        "ended_us": _us(done) if done else None, "end": "completed" if done else None, "early": bool(done),
    }  # fmt: skip


def _us(row: dict[str, Any]) -> int:
    return round(row["at"].timestamp() * 1e6)


def _window(n: int) -> str:
    return f"w{n % YEAR.windows:02d}"


def _ratings() -> Iterator[dict[str, Any]]:
    """Spread over the year up to now; one in fifty is bad."""
    step = timedelta(days=364) / RATINGS
    for n in range(RATINGS):
        at = NOW - step * (RATINGS - n)
        yield {
            "raw_event": 10_000_000 + n, "event_id": f"r{n}", "source": f"eval-{_window(n)}", "at": at, "received": at,
            "boot": "", "score": 1 if n % 50 == 7 else 5 - n % 2, "window": _window(n), "staff": f"s{n % 100:02d}",
            "origin": "device",
        }  # fmt: skip


def _beats() -> Iterator[dict[str, Any]]:
    """Of cameras, evaluators and terminals, one a minute."""
    devices = [d["id"] for d in hall()["devices"]]
    for minute in range(round((NOW - BEATS_FROM) / timedelta(minutes=1)) + 1):
        at = BEATS_FROM + timedelta(minutes=minute)
        for device in devices:
            yield {"device": device, "boot": "b1", "at": at, "received": at, "delta_ms": 0, "queue": 0}


def _readings() -> Iterator[dict[str, Any]]:
    """Of the cameras, yesterday's day and this morning: somebody is there, at every tenth window nobody since 9:30."""
    serial = 20_000_000
    yesterday = OPENED - timedelta(days=1)
    for begin, end in ((yesterday, yesterday + timedelta(hours=9)), (OPENED, NOW)):
        at = begin
        while at <= end:
            for n in range(YEAR.windows):
                serial += 1
                away = begin == OPENED and n % 10 == 3 and at > NOW - timedelta(minutes=30)
                yield {
                    "raw_event": serial, "event_id": f"p{serial}", "source": f"cam-{_window(n)}", "at": at,
                    "received": at, "boot": "b1", "window": _window(n), "people": 0 if away else 1, "view": "ok",
                }  # fmt: skip
            at += READING


def _last_event() -> dict[str, Any]:
    """The raw events are left out, no rule reads them; but those that come later have to have higher numbers."""
    return {
        "id": 30_000_000, "device": "gate-0", "channel": "checkin", "event_id": "last", "at": OPENED,
        "received": OPENED, "payload_hash": "0" * 64, "payload": "{}",
    }  # fmt: skip


def _cards() -> Iterator[dict[str, Any]]:
    """Cards by hand, for a judge leaves those alone; the last ones stand."""
    step = timedelta(days=360) / CARDS
    for n in range(CARDS):
        since, over = NOW - timedelta(days=1) - step * (CARDS - 1 - n), n < CARDS - STANDING
        yield {
            "number": n + 1, "subject": n + 1, "kind": "case", "key": f"year/J{n * 30:06d}", "rule": "manual.E06",
            "episode": f"{n}", "level": ("yellow", "yellow", "red", "reminder")[n % 4],
            "state": "closed" if over else "open", "since": since, "began": since, "issued": since,
            "cleared_at": since if over else None, "historic": False, "hall": "h1", "unit": f"u{n % 12:02d}",
            "window": _window(n), "staff": f"s{n % 100:02d}", "policy_version": "bench", "basis": "E06",
            "reason": {"code": "manual", "figures": {"hand_rule": "E06", "row": "E06"}}, "issuer": "chen",
            "attributed": True, "version": 1, "sequence": 3 if over else 1,
        }  # fmt: skip


def _history(card: dict[str, Any]) -> Iterator[dict[str, Any]]:
    steps = ("issued", "acknowledged", "closed") if card["state"] == "closed" else ("issued",)
    for number, step in enumerate(steps, 1):
        yield {
            "card": card["number"], "sequence": number, "at": card["since"], "event": step, "level": card["level"],
            "actor": "chen", "why": "已核实", "planned_at": card["since"],
        }  # fmt: skip


def _people(conn: Any) -> None:
    """Who looks at the pages; they sign in by an identity: no password has to be digested."""
    registry = RegistryCache().get(conn)
    for user, role in LOOKERS.items():
        halls = [] if role in ("auditor", "administrator") else ["h1"]
        who = Person(id=user, role=role, name=f"看{user}", halls=halls)
        save_person(conn, registry, who, actor="bench", now=NOW)
        row = {"issuer": ISSUER, "subject": user, "user": user, "linked_at": NOW, "linked_by": "bench"}
        conn.execute(table_of(IdentityRow).insert(), [row])
    for n in range(PEOPLE):
        who = Person(id=f"p{n:03d}", role="staff", staff=f"s{n:02d}", name=f"员{n}")
        save_person(conn, registry, who, actor="bench", now=NOW)
