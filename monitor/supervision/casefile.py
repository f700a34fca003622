"""One case as a person opens it (办件详情): its row, its limits day by day, its pauses, and all that was told of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec.structs import replace
from sqlalchemy import select

from monitor import timeliness
from monitor.access import Principal, Target, covers
from monitor.model import Reason
from monitor.store.cards import CARD
from monitor.store.facts.cases import CASE, load_cases
from monitor.store.facts.integrity import RATING, completed_cases
from monitor.store.facts.look import Loaded, Look
from monitor.supervision.caserows import CaseRow, case_json, case_row, gravest_cards
from monitor.supervision.reach import within
from monitor.supervision.views import stamp
from monitor.timeliness import integrity_hall
from monitor.timeliness.case import Case, case_at
from monitor.timeliness.facts import CaseEvent
from monitor.timeliness.fold import place_of
from monitor.timeliness.integrity_hall import Rated
from monitor.timeliness.policy import TimelinessPolicy
from monitor.wording import render

CARD_KINDS: Final = ("case", "order")
DOCUMENTED_AMONG: Final = 2_000
"""Among so many of a source's newest completions one that names its document is looked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseFile:
    """`events`: all that is known at `now`, in the order of the fold; `case` is what they make of it."""

    row: CaseRow
    case: Case
    events: Sequence[dict[str, Any]]
    pauses: Sequence[dict[str, Any]]
    limits: Sequence[dict[str, Any]]
    findings: Sequence[tuple[str, datetime, Reason]]
    """(rule, when, why)"""
    cards: Sequence[dict[str, Any]]
    ratings: Sequence[dict[str, Any]]


def case_file(
    look: Look, policy: TimelinessPolicy, key: str, who: Principal, *, cards: bool = True, ratings: bool = True
) -> CaseFile | None:
    """The case; None where there is none within reach. `cards`, `ratings`: whether these may be read as well."""
    loaded = load_cases(look, [key])[key]
    if not loaded.facts.events or loaded.calendar is None:
        return None
    worst = gravest_cards(look, [key], who).get(key) if cards else None
    row = case_row(look, policy, key, loaded, worst)
    stat = row.stat
    if not covers(who, Target(hall=stat.hall, unit=stat.unit, window=stat.window, staff=stat.staff)):
        return None
    case = case_at(loaded.facts, policy, loaded.calendar, look.now)
    rated = _ratings(look, key)
    return CaseFile(
        row=row,
        case=case,
        events=[_event(case, event) for event in sorted(loaded.facts.events, key=place_of)],
        pauses=[_pause(case, look.now, index) for index in range(len(case.view.pauses))],
        limits=timeliness.limits_by_day(loaded.facts, policy, loaded.calendar, look.now),
        findings=sorted(_findings(look, policy, loaded, rated), key=lambda found: (found[1], found[0])),
        cards=_cards(look, key, who) if cards else [],
        ratings=rated if ratings else [],
    )


def _event(case: Case, event: CaseEvent) -> dict[str, Any]:
    """`standing`: counts, voided (an event of its source takes it back), merged (told before by another source), ahead
    (dated after now).
    """
    body = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in event.body.items()}
    return {
        "id": event.id,
        "event": event.event,
        "at": event.at,
        "received": event.received,
        "entered": event.entered,
        "trusted": event.trusted,
        "source": event.source,
        "item": event.item,
        "window": event.window,
        "staff": event.staff,
        "reason": event.reason,
        "body": body,
        "standing": _standing(case, event),
    }


def _standing(case: Case, event: CaseEvent) -> str:
    if event.at > case.now:
        return "ahead"
    if any(other.id == event.id and other.source == event.source for other in case.view.events):
        return "counts"
    if event.event == "voided":
        return "counts"
    voids = {
        (v.source, str(v.body.get("voids"))) for v in case.facts.events if v.event == "voided" and v.at <= case.now
    }
    return "voided" if (event.source, event.id) in voids else "merged"


def _pause(case: Case, now: datetime, index: int) -> dict[str, Any]:
    """`worked_hours`: hours of working time that it took out, up to now while it lasts."""
    pause = case.view.pauses[index]
    worked = case.calendar.working_time_between(pause.begin, max(pause.begin, pause.end or now))
    return {
        "from": pause.begin,
        "to": pause.end,
        "cause": pause.cause,
        "event": pause.opened.event,
        "procedure": pause.opened.body.get("procedure"),
        "planned_days": pause.opened.body.get("planned_days"),
        "reason": pause.opened.reason,
        "worked_hours": round(worked / timedelta(hours=1), 1),
    }


def _ratings(look: Look, key: str) -> list[dict[str, Any]]:
    """What is known of its ratings, by time; no words of citizens."""
    query = select(RATING).where(RATING.c.case_key == key, RATING.c.received <= look.now)
    found = [
        {
            "id": f"{row.source}/{row.event_id}",
            "at": look.sources.correct(row.source, row.boot, row.at)[0],
            "score": row.score,
            "source": row.source,
            "window": row.window,
            "staff": row.staff,
            "stage": row.stage,
            "origin": row.origin,
            "tags": list(row.tags or ()),
        }
        for row in look.conn.execute(query)
    ]
    return sorted(found, key=lambda rating: (rating["at"], rating["id"]))


def _cards(look: Look, key: str, who: Principal) -> list[dict[str, Any]]:
    """Every card on the case and on its order (督办), the newest first."""
    named = ("number", "kind", "rule", "level", "state", "since", "issued", "cleared_at", "historic", "reason")
    query = select(*(CARD.c[name] for name in named)).where(
        CARD.c.kind.in_(CARD_KINDS), CARD.c.key == key, within(who, CARD.c)
    )
    return [row._asdict() for row in look.conn.execute(query.order_by(CARD.c.number.desc()))]


def _findings(
    look: Look, policy: TimelinessPolicy, loaded: Loaded, ratings: Sequence[dict[str, Any]]
) -> Iterator[tuple[str, datetime, Reason]]:
    """What `report findings` says of this case."""
    assert loaded.calendar is not None  # asked before
    facts = replace(loaded.facts, documented=_documented(look, loaded.facts.events))
    for found in timeliness.case_findings(facts, policy, loaded.calendar, look.now):
        yield found.rule, found.at, found.reason
    rated = [Rated(key=r["id"], case=facts.key, at=r["at"], tags=tuple(r["tags"])) for r in ratings]
    done = completed_cases(look, [facts.key]) if any(r.tags for r in rated) else {}
    for _, found in integrity_hall.not_done(rated, done, policy):
        yield found.rule, found.at, found.reason


def _documented(look: Look, events: Sequence[CaseEvent]) -> frozenset[str]:
    """Sources of the case's completions without a document that name one with others: asked only where it matters."""
    lacking = {e.source for e in events if e.event == "completed" and not e.body.get("result_doc")}
    found = set()
    for source in lacking:
        newest = (
            select(CASE.c.body["result_doc"].as_string().label("doc"))
            .where(CASE.c.source == source, CASE.c.event == "completed", CASE.c.received <= look.now)
            .order_by(CASE.c.at.desc())
            .limit(DOCUMENTED_AMONG)
            .subquery()
        )
        if look.conn.execute(select(newest.c.doc).where(newest.c.doc.is_not(None)).limit(1)).first() is not None:
            found.add(source)
    return frozenset(found)


def file_json(file: CaseFile) -> dict[str, Any]:
    """The case in the API: its row (`case_json`), then its parts; instants in the zone of the hall."""
    zone = file.row.zone

    def told(part: dict[str, Any]) -> dict[str, Any]:
        return {name: stamp(v, zone) if isinstance(v, datetime) else v for name, v in part.items()}

    return {
        **case_json(file.row),
        "limits": [
            {**limit, "steps": [step.to_json() for step in limit["steps"]],
             "from": stamp(datetime.fromisoformat(limit["from"]), zone),
             "due": stamp(datetime.fromisoformat(limit["due"]), zone) if limit["due"] else None}
            for limit in file.limits
        ],
        "pauses": [told(pause) for pause in file.pauses],
        "events": [told(event) for event in file.events],
        "cards": [told(card) for card in file.cards],
        "findings": [
            {"rule": rule, "at": stamp(at, zone), "why": render(reason, "zh", zone)}
            for rule, at, reason in file.findings
        ],
        "ratings": [told(rating) for rating in file.ratings],
    }  # fmt: skip
