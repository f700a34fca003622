"""Cases past their limits as facts for assessment: overdue (C01, C02), told late (C12), a stage too long (C05).

An overdue case is a fact of the month in which its limit passed, whether it was completed since or not: that day stands
from then on, so the case costs once, and a month that was closed while it was open is not opened again when it ends.
C03 and C04 ask something else: how many cases were open past their limit in a month, in whichever month that passed;
these are `overdue`, with the days as of the month's end.

Candidates come from the rows of statistics and from cards; only these are folded, and only what `judge_measured` proves
is a fact. A silent source, an untrusted time, a span that was declared lost: unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import or_, select

from monitor.assessment.model import Fact, Unknown
from monitor.model import Charge, Outcome, lowest_watermark
from monitor.store.casestats import STAT, SUBJECT
from monitor.store.facts.cases import load_cases
from monitor.store.facts.scoring_attendance import SILENT
from monitor.store.facts.scoring_cards import Held, of_subjects
from monitor.store.facts.scoring_month import BESIDE, HallMonth
from monitor.store.sql import chunks
from monitor.timeliness.case import case_at
from monitor.timeliness.counts import measured_by, proven_to
from monitor.timeliness.facts import CaseFacts
from monitor.timeliness.ladder import NOTHING_PROVEN
from monitor.timeliness.rules import judge_measured
from monitor.timeliness.timers import STAGE_CLEARED_BY
from monitor.workcal import WorkCalendar
from monitor.workcal.tables import from_micros, micros

LIMITS: Final = ("case.limit", "case.immediate")


@dataclass(frozen=True, kw_only=True, slots=True)
class Late:
    """A case that provably passed its limit at `since`, and was open until `until` (an open one: as far as proven)."""

    key: str
    since: datetime
    until: datetime
    ended: bool
    due: datetime
    place: Charge
    calendar: WorkCalendar


# --------------------------------------------------------------------------- C01 to C04


def overdue_facts(m: HallMonth) -> tuple[list[Fact], list[Fact]]:
    """(facts of the month, everything that was open past its limit in it)."""
    late = [one for batch in chunks(_candidates(m)) for one in _late(m, batch)]
    keys = [one.key for one in late]
    standing: dict[str, list[Held]] = {}
    taken: set[str] = set()
    for batch in chunks(keys):
        cards, refuted = of_subjects(m.look, "case", batch, LIMITS)
        standing.update(cards)
        taken |= {key for key, _ in refuted}
    facts: list[Fact] = []
    overdue: list[Fact] = []
    for one in late:
        cards_of_it = standing.get(one.key, [])
        if one.key in taken and all(card.by is None for card in cards_of_it):
            continue
        made = _fact(m, one, cards_of_it)
        if m.holds(one.since):
            facts.append(made)
        if one.since < m.end and one.until > m.start:
            overdue.append(_in_the_month(m, one, made))
    return facts, overdue


def _candidates(m: HallMonth) -> list[str]:
    """Cases that statistics know as late and that matter to the month, and those of the hall that are due to be judged:
    their rows may not say yet what is known.
    """
    start, end = micros(m.start - BESIDE), micros(m.end + BESIDE)
    late = select(STAT.c.case_key).where(
        STAT.c.hall == m.hall,
        STAT.c.overdue_us.is_not(None),
        STAT.c.overdue_us < end,
        or_(STAT.c.overdue_us >= start, STAT.c.ended_us.is_(None), STAT.c.ended_us >= start),
    )
    due = select(SUBJECT.c.key).where(
        SUBJECT.c.kind == "case", SUBJECT.c.hall == m.hall, SUBJECT.c.next_check_at <= m.look.now
    )
    return sorted({*m.look.conn.execute(late).scalars(), *m.look.conn.execute(due).scalars()})


def _late(m: HallMonth, keys: Sequence[str]) -> Iterator[Late]:
    own, now = m.policy.timeliness, m.look.now
    for key, loaded in load_cases(m.look, keys).items():
        facts, calendar = loaded.facts, loaded.calendar
        if loaded.hall != m.hall or calendar is None:
            continue
        verdict = judge_measured(facts, own, calendar, now)
        if verdict.outcome is not Outcome.YELLOW:
            continue
        (spell,) = verdict.spells
        case = case_at(facts, own, calendar, now)
        limit, end = measured_by(case), case.view.end
        since = spell.levels[-1][1]
        until = end.at if end is not None else proven_to(facts, now)
        yield Late(
            key=key, since=since, until=max(until, since), ended=end is not None,
            due=(limit.at if limit is not None else None) or since, place=spell.charge, calendar=calendar,
        )  # fmt: skip


def _fact(m: HallMonth, one: Late, cards: Sequence[Held]) -> Fact:
    """Who answers for it: whom a person found responsible (责任认定), else who held it as the limit passed."""
    sure = next((card for card in cards if card.by is not None), None)
    place = next((card.place for card in cards if card.row.attributed), one.place)
    days = _days(m, one, one.until)
    return m.fact(
        "case.overdue",
        f"case:{one.key}",
        one.since,
        window=place.window,
        staff=place.staff,
        unit=place.unit,
        amount=max(1, days),
        proof="confirmed" if sure is not None else "certain",
        confirmed_by=sure.by if sure is not None else None,
        evidence=True,
        cards=[card.number for card in cards],
        figures={
            "case": one.key,
            "due": one.due.isoformat(),
            "ended": one.until.isoformat() if one.ended else None,
            "days": days,
            "unit": m.choices.overdue_days_unit,
        },
    )


def _in_the_month(m: HallMonth, one: Late, made: Fact) -> Fact:
    """As of the month's end: what was late by two days then was not late by ten, however it went on."""
    until = min(one.until, m.end)
    at = max(one.since, m.start)
    days = _days(m, one, until)
    return replace(made, at=at, date=m.day_of(at), amount=Decimal(max(1, days)), figures={**made.figures, "days": days})


def _days(m: HallMonth, one: Late, until: datetime) -> int:
    """Days after that of the limit (A.10 `overdue_days_unit`); 0 where it ended later on the same day."""
    first, last = one.calendar.local_date(one.due), one.calendar.local_date(until)
    if until == m.end:
        last = min(last, m.last)
    if m.choices.overdue_days_unit == "workday":
        return max(0, one.calendar.workdays_between(first, last))
    return max(0, (last - first).days)


# --------------------------------------------------------------------------- unknown


def unknown_cases(m: HallMonth) -> Iterator[Unknown]:
    """Cases of which it is not known how they stand: by the day of their limit, of one that ended that of its end."""
    query = select(SUBJECT.c.key, SUBJECT.c.verdict, STAT.c.window, STAT.c.staff, STAT.c.due_us, STAT.c.ended_us).join(
        STAT, SUBJECT.c.key == STAT.c.case_key
    )
    query = query.where(SUBJECT.c.kind == "case", SUBJECT.c.hall == m.hall, SUBJECT.c.verdict.in_(SILENT))
    for row in m.look.conn.execute(query):
        told = row.ended_us if row.ended_us is not None else row.due_us
        if told is not None and m.has_day(day := m.day_of(from_micros(told))):
            yield Unknown(subject=f"case:{row.key}", date=day, window=row.window, staff=row.staff, why=row.verdict)


# --------------------------------------------------------------------------- C05, C12


def timer_facts(m: HallMonth, cards: Sequence[Held]) -> Iterator[Fact]:
    """A case told late (C12), or with a stage too long (C05): once a case (每件), by the first card that stands."""
    for rule, source, cleared_by in (
        ("case.notice", "case.notice_late", ("accepted", "supplement_requested", "rejected")),
        ("case.stage", "case.stage_late", STAGE_CLEARED_BY),
    ):
        keys = sorted({card.row.key for card in cards if card.row.rule == rule})
        for batch in chunks(keys):
            standing, _ = of_subjects(m.look, "case", batch, (rule,))
            loaded = load_cases(m.look, batch)
            for key, mine in sorted(standing.items()):
                first = min(mine, key=lambda card: (card.since, card.number))
                if m.has_day(first.day(m)) and key in loaded:
                    yield _of_timer(m, source, first, loaded[key].facts, loaded[key].calendar or m.calendar, cleared_by)


def _of_timer(
    m: HallMonth, source: str, card: Held, facts: CaseFacts, calendar: WorkCalendar, cleared_by: tuple[str, ...]
) -> Fact:
    row, due = card.row, card.since
    mark = lowest_watermark(facts.sources_of(*cleared_by))
    until = row.cleared_at or min(m.look.now, mark or NOTHING_PROVEN)
    days = calendar.workdays_between(
        calendar.local_date(due), max(calendar.local_date(due), calendar.local_date(until))
    )
    told: dict[str, Any] = {name: card.reason[name] for name in ("stage", "round", "limit") if name in card.reason}
    return m.fact(
        source, f"case:{row.key}", due, window=row.window, staff=row.staff, unit=row.unit, amount=max(1, days),
        proof="confirmed" if card.by is not None else "certain", confirmed_by=card.by, evidence=True,
        cards=[card.number], figures={"case": row.key, "due": due.isoformat(), "days": days, **told},
    )  # fmt: skip
