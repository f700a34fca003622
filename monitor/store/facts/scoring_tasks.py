"""Dated tasks as facts for assessment (A.4, C14 to C16): late reports, orders and complaints, what was settled in time.

Tasks are folded by the rules that judge them: what `judge_task` and `judge_complaint` prove late is late, in the month
in which its limit passed. A complaint is of the month in which it was made, also when it was found true later: by that
day 20 working days are counted (D12).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import and_, or_, select

from monitor.assessment.model import Fact, Unknown
from monitor.model import Charge, Level, Verdict
from monitor.store.facts.scoring_attendance import SILENT
from monitor.store.facts.scoring_cards import Held, of_subjects
from monitor.store.facts.scoring_month import BESIDE, HallMonth
from monitor.store.facts.tasks import TASK, load_tasks
from monitor.store.sql import chunks
from monitor.timeliness.facts import TaskFacts
from monitor.timeliness.taskfindings import task_findings, verified_complaint
from monitor.timeliness.taskfold import COMPLAINT
from monitor.timeliness.tasklimits import Overrun
from monitor.timeliness.tasks import COMPLAINED, Task, judge_complaint, judge_task, overruns, task_at
from monitor.timeliness.tasks import TASK as TASK_DUE
from monitor.workcal import WorkCalendar

RULES: Final = (COMPLAINED, TASK_DUE)
KINDS: Final = (COMPLAINT, "order", "report")
"""Hotline orders (热线工单) are counted by statistics; no row of the regulations charges them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LateTerm:
    """A term that provably ran over: `at` its limit passed, `card` stands on it; `key` is its fact's."""

    key: str
    at: datetime
    run: Overrun
    place: Charge
    card: Held | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Dated:
    """A task of the hall as it is known now. `late`: without what a person took back."""

    task: Task
    verdict: Verdict
    calendar: WorkCalendar
    runs: tuple[Overrun, ...]
    late: tuple[LateTerm, ...]
    refuted: bool

    @property
    def key(self) -> str:
        return self.task.facts.key


def tasks_of(m: HallMonth, cards: Sequence[Held]) -> list[Dated]:
    """The tasks of which something was told, or was due, in the month, by number."""
    near = and_(TASK.c.at >= m.start - BESIDE, TASK.c.at < m.end + BESIDE)
    due = and_(TASK.c.due >= m.start - BESIDE, TASK.c.due < m.end + BESIDE)
    told = select(TASK.c.task).where(TASK.c.kind.in_(KINDS), or_(near, due)).distinct()
    keys = {*m.look.conn.execute(told).scalars(), *(card.row.key for card in cards if card.row.kind == "task")}
    found: list[Dated] = []
    for batch in chunks(sorted(keys)):
        standing, taken = of_subjects(m.look, "task", batch, RULES)
        for key, loaded in sorted(load_tasks(m.look, batch).items()):
            if loaded.hall == m.hall and loaded.calendar is not None:
                refuted = {episode for of, episode in taken if of == key}
                found.append(_dated(m, loaded.facts, loaded.calendar, standing.get(key, []), refuted))
    return found


def _dated(m: HallMonth, facts: TaskFacts, calendar: WorkCalendar, cards: Sequence[Held], refuted: set[str]) -> Dated:
    own, now = m.policy.timeliness, m.look.now
    task = task_at(facts, own, calendar, now)
    verdict = (judge_complaint if task.kind == COMPLAINT else judge_task)(facts, own, calendar, now)
    runs = overruns(facts, own, calendar, now)
    reached = {spell.episode: spell for spell in verdict.spells if spell.level >= Level.YELLOW}
    by_episode = {card.row.episode: card for card in cards}
    late = []
    for number, (term, run) in enumerate(zip(task.view.terms, runs, strict=True), start=1):
        spell, card = reached.get(term.began.id), by_episode.get(term.began.id)
        if spell is None or term.began.id in refuted:
            continue
        at = next(at for level, at in spell.levels if level >= Level.YELLOW)
        place = card.place if card is not None and card.row.attributed else spell.charge
        key = f"task:{facts.key}" + (f"#{number}" if number > 1 else "")
        late.append(LateTerm(key=key, at=at, run=run, place=place, card=card))
    return Dated(task=task, verdict=verdict, calendar=calendar, runs=runs, late=tuple(late), refuted=bool(refuted))


# --------------------------------------------------------------------------- facts


def task_facts(m: HallMonth, tasks: Iterable[Dated]) -> Iterator[Fact]:
    """By task: late (C14, C15, C16, D11), settled in time (D13), found true (D06 to D12)."""
    for dated in tasks:
        kind = dated.task.kind
        if kind == COMPLAINT:
            yield from _complaint(m, dated)
        elif kind == "order":
            yield from (_late(m, "order.late", dated, term) for term in dated.late if m.holds(term.at))
        else:
            yield from _reports(m, dated)


def _late(m: HallMonth, source: str, dated: Dated, term: LateTerm) -> Fact:
    """Of a complaint the days, by which it costs (每逾期1天); of an order that it was late at all, an hour too."""
    days = term.run.days if source == "complaint.overdue" else max(1, term.run.days)
    card = term.card
    by = card.by if card is not None else None
    return m.fact(
        source, term.key, term.at, window=term.place.window, staff=term.place.staff, unit=term.place.unit, amount=days,
        proof="confirmed" if by is not None else "certain" if source == "complaint.overdue" else "open",
        confirmed_by=by, evidence=True, cards=[card.number] if card is not None else [],
        figures={
            "task": dated.key, "due": term.run.due.isoformat(), "days": term.run.days, "unit": term.run.unit,
            "ended": term.run.until.isoformat() if term.run.ended else None,
        },
    )  # fmt: skip


def _reports(m: HallMonth, dated: Dated) -> Iterator[Fact]:
    """C14, C15: what goes beyond the days that the row allows. Which of the rows a report falls under a person decides
    where the policy names it in both.
    """
    own, now = m.policy.timeliness, m.look.now
    cards = {term.run.due.isoformat(): term for term in dated.late}
    for finding in task_findings(dated.task.facts, own, dated.calendar, now):
        told = finding.reason.figures
        term = cards.get(str(told.get("due")))
        beyond = int(told.get("overdue_days", 0)) - int(told.get("allowed", 0))
        if finding.reason.code != "task.finding.report_late" or term is None or beyond <= 0 or not m.holds(finding.at):
            continue
        by = term.card.by if term.card is not None else None
        yield m.fact(
            "report.late", f"{term.key}/{finding.rule}", finding.at, row=finding.rule, window=term.place.window,
            staff=term.place.staff, unit=term.place.unit, amount=beyond, proof="open" if by is None else "confirmed",
            confirmed_by=by, evidence=True, cards=[term.card.number] if term.card is not None else [],
            figures={"task": dated.key, "due": told["due"], "days": told["overdue_days"], "allowed": told["allowed"]},
        )  # fmt: skip


def _complaint(m: HallMonth, dated: Dated) -> Iterator[Fact]:
    task, view = dated.task, dated.task.view
    yield from (
        _late(m, "complaint.overdue", dated, term) for term in dated.late if m.holds(term.at) and term.run.days > 0
    )
    true = verified_complaint(task.facts, m.policy.timeliness, dated.calendar, m.look.now)
    if true is not None and m.holds(true.at):
        yield m.fact(
            "complaint.verified", f"task:{dated.key}", true.at, window=true.window, staff=true.staff,
            unit=task.charge_at(true.at).unit, evidence=True,
            figures={"task": dated.key, "verified": true.verified.isoformat()},
        )  # fmt: skip
    end = view.terms[-1].end if view.terms else None
    in_time = bool(dated.runs) and all(run.ended and run.until <= run.due for run in dated.runs)
    if end is None or not in_time or dated.late or not end.trusted or end.kind not in ("answered", "closed"):
        return
    if m.holds(end.at):
        place = task.charge_at(end.at)
        yield m.fact(
            "complaint.in_time", f"task:{dated.key}", end.at, window=place.window, staff=place.staff, unit=place.unit,
            proof="open", evidence=True, figures={"task": dated.key, "ended": end.at.isoformat()},
        )  # fmt: skip


def ordered_facts(m: HallMonth, cards: Sequence[Held]) -> Iterator[Fact]:
    """C16: what a person ordered on a card (督办, H15) and was not answered by its deadline."""
    for card in cards:
        row = card.row
        if row.rule != "order.reply":
            continue
        due, until = m.day_of(card.since), m.day_of(row.cleared_at or m.look.now)
        days = m.calendar.workdays_between(due, max(due, until))
        yield m.fact(
            "order.late", f"order:{row.key}#{row.episode}", card.since, window=row.window, staff=row.staff,
            unit=row.unit, amount=max(1, days), proof=card.proof, confirmed_by=card.by, evidence=True,
            cards=[card.number], figures={"subject": row.key, "due": card.since.isoformat(), "days": days},
        )  # fmt: skip


def unknown_tasks(m: HallMonth, tasks: Iterable[Dated]) -> Iterator[Unknown]:
    """Tasks of which nobody can say whether they were done: by the day of their last limit."""
    for dated in tasks:
        day = m.day_of(dated.runs[-1].due) if dated.runs else None
        if dated.verdict.outcome in SILENT and day is not None and m.has_day(day):
            place = dated.task.charge_at(m.look.now)
            yield Unknown(
                subject=f"task:{dated.key}", date=day, window=place.window, staff=place.staff,
                why=dated.verdict.outcome.value,
            )  # fmt: skip


# --------------------------------------------------------------------------- counts of the month


def counts(m: HallMonth, tasks: Iterable[Dated]) -> Iterator[Fact]:
    """`count.complaints` (D16): of those made in the month about a window, the ones found true: what nobody confirmed
    costs nothing. `count.reports` (G22): reports that it handed in, 0 too, once the feed tells of any. When it is over.
    """
    if not m.is_over:
        return
    made: dict[str, int] = {}
    true: dict[str, list[str]] = {}
    handed: dict[str, int] = {}
    reported = False
    for dated in tasks:
        view = dated.task.view
        if dated.task.kind == COMPLAINT and view.events:
            window = next((e.window for e in view.events if e.window), None)
            if window in m.windows and m.holds((view.opened or view.events[0]).at):
                made[window] = made.get(window, 0) + 1
                if view.verified is not None:
                    true.setdefault(window, []).append(dated.key)
        elif dated.task.kind == "report":
            reported = True
            end = view.terms[-1].end if view.terms else None
            if end is not None and end.kind in ("answered", "closed") and m.holds(end.at):
                window = dated.task.charge_at(end.at).window
                handed[window or ""] = handed.get(window or "", 0) + 1
    for window, keys in sorted(true.items()):
        yield m.monthly(
            "count.complaints", window, Decimal(len(keys)), {"complaints": made[window], "verified": sorted(keys)}
        )
    for window in m.windows if reported else ():
        yield m.monthly("count.reports", window, Decimal(handed.get(window, 0)), {"reports": handed.get(window, 0)})
