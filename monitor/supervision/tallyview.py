"""What `report tallies` says: entries of a person's year or a window's month, sums, what is proposed (docs/adr/0028).

The same facts as the rules' own, without judging: what assessment will post, and how far each figure is from its limit.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from monitor.attendance.tallies import Entry, Happening, TallyFacts, entries, period_of
from monitor.attendance.tallypolicy import TallyPolicy
from monitor.attendance.tallyruns import runs, within
from monitor.store.cards import CARD
from monitor.store.facts.look import Look
from monitor.store.facts.tallies import load_tallies


def report_tally(look: Look, policy: TallyPolicy, key: str) -> dict[str, Any]:
    """The tally of a key (STAFF/YYYY, WINDOW/YYYY-MM) as JSON; points as numbers, exact to the hundredth."""
    loaded = load_tallies(look, [key])[key]
    facts: TallyFacts = loaded.facts
    zone = loaded.calendar.zone if loaded.calendar else ZoneInfo("UTC")
    happened = [h for h in facts.happened if h.at <= look.now]
    own = [entry for entry in entries(happened, policy) if entry.ledger == facts.whose]
    found = runs(within(facts.sittings, look.now), policy)
    return {
        facts.whose: facts.id,
        "period": key.rpartition("/")[2],
        "as_of": look.now.astimezone(zone).isoformat(),
        "entries": [_entry(entry, zone) for entry in own],
        "sums": {
            "confirmed": _sum(entry for entry in own if entry.confirmed),
            "proposed": _sum(entry for entry in own if not entry.confirmed),
        },
        "counts": _counts(happened),
        "absences": [
            {"date": h.date.isoformat(), "subject": h.subject, "staff": h.staff, "cards": list(h.cards)}
            for h in happened
            if h.kind == "absent"
        ],
        "runs": [
            {
                "staff": run[0].staff,
                "first": run[0].date.isoformat(),
                "last": run[-1].date.isoformat(),
                "half_days": len(run),
            }
            for run in found
        ],
        "conduct": _conduct(happened, policy),
        "cards": _cards(look.conn, key, look.now),
        "limits": {
            "sum_points": float(policy.sum_points),
            "absence_times": policy.absence_times,
            "absence_run_half_days": policy.absence_run_days * policy.half_days_per_day,
            "absence_return_half_days": policy.absence_return_days * policy.half_days_per_day,
            "conduct_times": policy.conduct_times,
        },
    }


def _entry(entry: Entry, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "date": entry.date.isoformat(),
        "at": entry.at.astimezone(zone).isoformat(),
        "kind": entry.kind,
        "row": entry.row,
        "points": float(entry.points),
        "subject": entry.subject,
        "staff": entry.staff,
        "cards": list(entry.cards),
        "confirmed": entry.confirmed,
    }


def _sum(found: Iterable[Entry]) -> float:
    return float(sum((entry.points for entry in found), Decimal(0)))


def _counts(happened: Iterable[Happening]) -> dict[str, int]:
    counts = dict.fromkeys(
        ("late", "early", "off_post", "off_post_proposed", "unstaffed", "unstaffed_proposed", "absent"), 0
    )
    for h in happened:
        name = h.kind if h.confirmed else f"{h.kind}_proposed"
        if name in counts:
            counts[name] += 1
    return counts


def _conduct(happened: Iterable[Happening], policy: TallyPolicy) -> dict[str, int]:
    """How many breaches of discipline each month has (A12)."""
    found: dict[str, int] = {}
    for h in happened:
        if h.kind in ("late", "early") or (h.kind == "conduct" and h.row in policy.conduct_rows):
            month = period_of(h.date, "month")
            found[month] = found.get(month, 0) + 1
    return found


def _cards(conn: Connection, key: str, now: datetime) -> list[dict[str, Any]]:
    """The cards that stand, or stood, on the tally itself."""
    query = select(CARD.c.number, CARD.c.rule, CARD.c.level, CARD.c.episode, CARD.c.state, CARD.c.since)
    query = query.where(CARD.c.kind == "tally", CARD.c.key == key, CARD.c.issued <= now).order_by(CARD.c.number)
    return [{**row._mapping, "since": row.since.isoformat()} for row in conn.execute(query)]
