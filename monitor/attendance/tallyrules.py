"""The rules on a person's year and a window's month (A06, A09-A12). Pure; docs/adr/0028.

Each fires once a period, at the event with which its figure was reached, and is taken back where later facts (an appeal
granted, leave filed afterwards) bring it below. What nobody has proven or confirmed is named and not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

from monitor.attendance.tallies import Happening, Sitting, TallyFacts, entries, period_of
from monitor.attendance.tallypolicy import TallyPolicy
from monitor.attendance.tallyruns import nth_reached, run_reached, runs, times_reached, within
from monitor.model import Level, Outcome, Reason, Spell, Verdict
from monitor.workcal import WorkCalendar

SUM: Final = "attendance.sum"
PERSON: Final = "absence.person"
RETURN: Final = "absence.return"
WINDOW: Final = "absence.window"
CONDUCT: Final = "conduct.month"


def judge_sum(facts: TallyFacts, policy: TallyPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """A06: late, early and confirmed off-posts of the period come to 5.0 points: red, circular and report."""
    if facts.whose != "staff":
        return _verdict(facts, SUM, (), now)
    mine = [e for e in entries(facts.happened, policy) if e.ledger == "staff" and e.at <= now]
    spells = []
    for period, of_period in _by_period(mine, policy.accumulate_period):
        counted = [e for e in of_period if e.confirmed or policy.count_unconfirmed]
        total, reached = Decimal(0), None
        for entry in counted:
            total -= entry.points
            if reached is None and total >= policy.sum_points:  # 含5分, whatever `inclusive` says
                reached = entry.at
        if reached is not None:
            kinds = {kind: sum(e.kind == kind for e in counted) for kind in ("late", "early", "off_post")}
            figures = {
                "points": points_text(total),
                "threshold": points_text(policy.sum_points),
                **kinds,
                "proposed": sum(not e.confirmed for e in of_period if e not in counted),
                "entries": [
                    _line(e.date, e.subject, e.kind, e.row, e.cards, points_text(e.points), e.confirmed)
                    for e in of_period
                ],
            }
            spells.append(_spell(facts, SUM, Level.RED, counted[0].at, reached, period, figures))
    return _verdict(facts, SUM, spells, now)


def judge_person(facts: TallyFacts, policy: TallyPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """A10: absent three times, or two working days in one run, within a quarter: yellow, no award."""
    return _absences(facts, policy, now, PERSON, policy.absence_period)


def judge_window(facts: TallyFacts, policy: TallyPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """A09: the same measure for the people of a window within the month: yellow."""
    return _absences(facts, policy, now, WINDOW, "month")


def _absences(facts: TallyFacts, policy: TallyPolicy, now: datetime, rule: str, unit: str) -> Verdict:
    if facts.whose != ("window" if rule == WINDOW else "staff"):
        return _verdict(facts, rule, (), now)
    spells = []
    for period in dict.fromkeys(period_of(s.date, unit) for s in facts.sittings):
        mine = within((s for s in facts.sittings if period_of(s.date, unit) == period), now)
        found = runs(mine, policy)
        each = rule == WINDOW and policy.window_absences == "each"
        groups = [[r for r in found if r[0].staff == who] for who in {r[0].staff: None for r in found}]
        times = [times_reached(group, policy) for group in (groups if each else [found])]
        reached = [at for at in (*times, run_reached(found, policy)) if at is not None]
        if reached:
            spells.append(_absent_spell(facts, policy, rule, Level.YELLOW, found, min(reached), period))
    return _verdict(facts, rule, spells, now)


def judge_return(facts: TallyFacts, policy: TallyPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """A11: absent three days in all in the year (曠工3天以上，含3天): red, return to the unit is proposed."""
    if facts.whose != "staff":
        return _verdict(facts, RETURN, (), now)
    found = runs(within(facts.sittings, now), policy)
    times = sorted(s.at for run in found for s in run if s.at is not None)
    enough = policy.absence_return_days * policy.half_days_per_day
    if len(times) < enough:  # 含3天, whatever `inclusive` says
        return _verdict(facts, RETURN, (), now)
    reached = times[enough - 1]
    period = period_of(facts.first, "year")
    spell = _absent_spell(facts, policy, RETURN, Level.RED, found, reached, period)
    return _verdict(facts, RETURN, (spell,), now)


def judge_conduct(facts: TallyFacts, policy: TallyPolicy, calendar: WorkCalendar, now: datetime) -> Verdict:
    """A12: late, early and conduct cards by hand come to three in a month: yellow, for a person to confirm (S)."""
    if facts.whose != "staff":
        return _verdict(facts, CONDUCT, (), now)
    rows = policy.conduct_rows
    mine = [
        h
        for h in facts.happened
        if h.at <= now and (h.kind in ("late", "early") or (h.kind == "conduct" and h.row in rows))
    ]
    spells = []
    for period, counted in _by_period(mine, "month"):
        reached = nth_reached([h.at for h in counted], policy.conduct_times, policy)
        if reached is not None:
            figures = {
                "count": len(counted),
                "limit": policy.conduct_times,
                **{kind: sum(h.kind == kind for h in counted) for kind in ("late", "early", "conduct")},
                "entries": [_line(h.date, h.subject, h.kind, h.row or _OWN_ROW[h.kind], h.cards) for h in counted],
            }
            spells.append(_spell(facts, CONDUCT, Level.YELLOW, counted[0].at, reached, period, figures))
    return _verdict(facts, CONDUCT, spells, now)


_OWN_ROW: Final = {"late": "A03", "early": "A04"}


# --------------------------------------------------------------------------- spells and verdicts


def _by_period(found: Iterable[Any], unit: str) -> Iterator[tuple[str, list[Any]]]:
    """Happenings or entries, by time, of each period in its order. Their dates do not go back as their times go on."""
    ordered = sorted(found, key=lambda one: (period_of(one.date, unit), one.at, one.subject))
    for period, group in groupby(ordered, key=lambda one: period_of(one.date, unit)):
        yield period, list(group)


def _absent_spell(
    facts: TallyFacts,
    policy: TallyPolicy,
    rule: str,
    level: Level,
    found: Sequence[tuple[Sitting, ...]],
    reached: datetime,
    period: str,
) -> Spell:
    absent = sorted((s for run in found for s in run if s.at is not None), key=lambda s: (s.at, s.staff))
    told: dict[tuple[str | None, datetime | None], Happening] = {
        (h.staff, h.at): h for h in facts.happened if h.kind == "absent"
    }
    figures = {
        "half_days": len(absent),
        "longest": max(len(run) for run in found),
        "runs": len(found),
        "times": policy.absence_times,
        "run_days": policy.absence_run_days,
        "days": policy.absence_return_days,
        "people": len({s.staff for s in absent}),
        "entries": [_of_absence(told.get((s.staff, s.at)), s) for s in absent],
    }
    return _spell(facts, rule, level, absent[0].at or reached, reached, period, figures)


def _of_absence(happening: Happening | None, sitting: Sitting) -> dict[str, Any]:
    subject = happening.subject if happening else f"staff:{sitting.staff}"
    return _line(sitting.date, subject, "absent", "A07", happening.cards if happening else ())


def _line(
    day: Any, subject: str, kind: str, row: str, cards: Sequence[int], points: str = "", confirmed: bool = True
) -> dict[str, Any]:
    """An entry as a card tells it: which slot or post, which row, how many points, which cards."""
    told: dict[str, Any] = {"date": day.isoformat(), "subject": subject, "kind": kind, "row": row}
    if points:
        told["points"] = points
    if cards:
        told["cards"] = list(cards)
    return told if confirmed else {**told, "confirmed": False}


def _spell(
    facts: TallyFacts,
    rule: str,
    level: Level,
    began: datetime,
    reached: datetime,
    period: str,
    figures: dict[str, Any],
) -> Spell:
    return Spell(
        rule=rule,
        levels=((level, reached),),
        began=min(began, reached),
        charge=facts.charge,
        reason=_reason(facts, rule, "reached", {"period": period, **figures}),
        episode=period,
    )


def _verdict(facts: TallyFacts, rule: str, spells: Sequence[Spell], now: datetime) -> Verdict:
    ahead = [h.at for h in facts.happened if h.at > now]
    shown = spells[-1] if spells else None
    return Verdict(
        rule=rule,
        outcome=Outcome(shown.level.word) if shown else Outcome.OK,
        judged_to=now,
        next_check_at=min(ahead, default=None),
        spells=tuple(spells),
        reason=shown.reason if shown else _reason(facts, rule, "ok", {}),
    )


def _reason(facts: TallyFacts, rule: str, word: str, figures: dict[str, Any]) -> Reason:
    return Reason(code=f"{rule}.{word}", figures={facts.whose: facts.id, **figures})


def points_text(points: Decimal) -> str:
    """`5.0`, `0.25`, `-0.2`: exact, with at least one decimal."""
    rounded = points.quantize(Decimal("0.1"))
    return str(rounded) if rounded == points else str(points.normalize())
