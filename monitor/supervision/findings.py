"""Findings (疑点): contradictions in the record and gaps of the registry, as proposals to a person (DESIGN §7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from sqlalchemy import select

from monitor import timeliness
from monitor.attendance.slots import parse_post_key
from monitor.model import Item
from monitor.settings import Policy
from monitor.store import casestats
from monitor.store.facts.cases import CASE, load_cases
from monitor.store.facts.integrity import (
    completed_cases,
    documented_sources,
    entries,
    first_events,
    known_cases,
    rated_cases,
)
from monitor.store.facts.look import Look
from monitor.store.facts.tasks import load_tasks, tasks_with_findings
from monitor.store.sql import chunks
from monitor.supervision.checkinfindings import checkin_findings
from monitor.supervision.planfindings import plan_findings, row_of
from monitor.supervision.postfindings import recent_post_findings, thin_units
from monitor.timeliness import integrity_hall
from monitor.wording import render
from monitor.workcal import WorkCalendar


def findings(look: Look, policy: Policy) -> list[dict[str, Any]]:
    """Rows of {"rule", "subject", "at", "why"}: of the registry, of plans and check-ins, then of cases, tasks and items
    by time.
    """
    of_cases = [*_case_findings(look, policy), *_findings_across(look, policy), *_task_findings(look, policy)]
    others = [*_overdue_findings(look, policy), *_item_findings(look, policy), *_post_findings(look, policy)]
    ordered = sorted([*of_cases, *others], key=lambda f: (f["at"], f["subject"], f["rule"]))
    of_people = [*plan_findings(look, policy), *checkin_findings(look, policy.checkin)]
    return [*registry_findings(look), *of_people, *ordered]


def registry_findings(look: Look) -> Iterator[dict[str, Any]]:
    """Posts without a B (B01), units with fewer than two people for A and B (B08), on the present day."""
    for window in look.registry.windows.values():
        day = look.book.for_window(look.registry, window.id).local_date(look.now)
        ranks = {post.rank for post in look.registry.posts_on(window.id, day)}
        if "A" in ranks and "B" not in ranks:
            yield row_of("B01", f"window:{window.id}", look.now, "窗口未设 B 岗 the window has no B post")
    for unit in thin_units(look):
        why = "单位的 A、B 岗不足两人 the unit has fewer than two people as A and B"
        yield row_of("B08", f"unit:{unit}", look.now, why)


def _post_findings(look: Look, policy: Policy) -> Iterator[dict[str, Any]]:
    """Off-post, unstaffed, short of staff, unfiled substitutes (A05, A08, A19, B03) of the last days."""
    for key, found in recent_post_findings(look, policy.post):
        zone = look.book.for_window(look.registry, parse_post_key(key).window).zone
        yield row_of(found.rule, f"post:{key}", found.at, render(found.reason, "zh", zone))


def _case_findings(look: Look, policy: Policy) -> Iterator[dict[str, Any]]:
    documented = documented_sources(look)
    keys = list(look.conn.execute(select(CASE.c.case_key).distinct().order_by(CASE.c.case_key)).scalars())
    for batch in chunks(keys):
        for key, loaded in load_cases(look, batch).items():
            if loaded.calendar is None:
                continue
            facts = replace(loaded.facts, documented=documented)
            for found in timeliness.case_findings(facts, policy.timeliness, loaded.calendar, look.now):
                yield row_of(found.rule, f"case:{key}", found.at, render(found.reason, "zh", loaded.calendar.zone))


def _findings_across(look: Look, policy: Policy) -> Iterator[dict[str, Any]]:
    """Findings that no case shows by itself: F01, F02, F03, F05 of rules.md A.6."""
    own = policy.timeliness
    ratings = rated_cases(look)
    named = [rated.case for rated in ratings if rated.case is not None]
    told = entries(look)
    found = (
        integrity_hall.unknown_cases(ratings, known_cases(look, named)),
        integrity_hall.not_done(ratings, completed_cases(look, named), own),
        integrity_hall.missing_numbers(first_events(look), own),
        integrity_hall.bulk_closings(told, own),
        integrity_hall.late_entries(told, own),
    )
    for subject, finding in chain(*found):
        why = render(finding.reason, "zh", look.book.default.zone)
        yield row_of(finding.rule, f"{subject.kind}:{subject.key}", finding.at, why)


def _task_findings(look: Look, policy: Policy) -> Iterator[dict[str, Any]]:
    """Findings on dated tasks (C14, C15) and on verified complaints across them (D12)."""
    own, complaints = policy.timeliness, []
    for batch in chunks(tasks_with_findings(look)):
        for key, loaded in load_tasks(look, batch).items():
            if loaded.calendar is None:
                continue
            for found in timeliness.task_findings(loaded.facts, own, loaded.calendar, look.now):
                yield row_of(found.rule, f"task:{key}", found.at, render(found.reason, "zh", loaded.calendar.zone))
            complaint = timeliness.verified_complaint(loaded.facts, own, loaded.calendar, look.now)
            complaints += [complaint] if complaint is not None else []
    for subject, found in timeliness.repeated_complaints(complaints):
        why = render(found.reason, "zh", look.book.default.zone)
        yield row_of(found.rule, f"{subject.kind}:{subject.key}", found.at, why)


def _overdue_findings(look: Look, policy: Policy) -> Iterator[dict[str, Any]]:
    """Months of a window or person with too much overdue (C03, C04); asked of the cases that statistics know as late,
    and of those whose row is not up to date.
    """
    own, found = policy.timeliness, []
    keys = sorted({*casestats.overdue(look.conn), *casestats.not_up_to_date(look.conn, look.now)})
    for batch in chunks(keys):
        for loaded in load_cases(look, batch).values():
            if loaded.calendar is not None:
                case = timeliness.overdue_case(loaded.facts, own, loaded.calendar, look.now)
                found += [case] if case is not None else []
    for subject, finding in timeliness.overdue_months(found, own, look.now):
        why = render(finding.reason, "zh", look.book.default.zone)
        yield row_of(finding.rule, f"{subject.kind}:{subject.key}", finding.at, why)


def _item_findings(look: Look, policy: Policy) -> Iterator[dict[str, Any]]:
    """Promises of the catalogue that became shorter (C06, C07)."""

    def calendar_of(item: Item) -> WorkCalendar:
        unit = look.registry.units.get(item.unit or "")
        return look.book.for_hall(look.registry, unit.hall if unit else None)

    for subject, found in timeliness.shortened_promises(look.registry, policy.timeliness, calendar_of, look.now):
        why = render(found.reason, "zh", look.book.default.zone)
        yield row_of(found.rule, f"{subject.kind}:{subject.key}", found.at, why)
