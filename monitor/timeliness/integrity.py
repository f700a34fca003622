"""Integrity findings (疑点) inside one case: what its record contradicts or leaves out (rules.md A.6; C09–C11). Pure.

A finding is a proposal to a person. It is no card, costs no point, and says what is to be looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final

from monitor.model import Reason
from monitor.timeliness.case import Case
from monitor.timeliness.facts import CaseEvent
from monitor.timeliness.fold import Finding

AFTER_THE_END: Final = ("delivered", "reopened", "voided")
"""Events that a case which has ended may still have."""
ENDS: Final = ("completed", "rejected", "withdrawn", "returned")


def integrity_findings(case: Case) -> Iterator[Finding]:
    """All findings of one case, in the order of the checks."""
    for check in _CHECKS:
        yield from check(case)


def _supplement_rounds(case: Case) -> Iterator[Finding]:
    """C09: a second notice of missing papers says that the first did not tell everything at once."""
    asked = [event for event in case.view.events if event.event == "supplement_requested"]
    if len(asked) >= 2:
        yield _finding("C09", asked[1], "case.finding.supplement_again", rounds=len(asked))


def _reasons(case: Case) -> Iterator[Finding]:
    """C10: papers returned without a reason in detail; C11: not accepted without one."""
    least = case.policy.reason_least_characters
    for event in case.view.events:
        text = (event.reason or "").strip()
        if event.event == "returned" and len(text) < least:
            yield _finding("C10", event, "case.finding.returned_unexplained", characters=len(text), least=least)
        if event.event == "rejected" and not text:
            yield _finding("C11", event, "case.finding.rejected_unexplained")


def _edited_after_end(case: Case) -> Iterator[Finding]:
    """F02: something was told of the case, dated after its end, without its being reopened."""
    ended: CaseEvent | None = None
    for event in case.view.events:
        if event.event == "reopened":
            ended = None
        elif ended is not None and event.at > ended.at and event.event not in (*AFTER_THE_END, *ENDS, "accepted"):
            yield _finding("F02", event, "case.finding.edited_after_end", ended=ended.at.isoformat(), end=ended.event)
        elif ended is None and event.event in ENDS:
            ended = event


def _closed_before_accepted(case: Case) -> Iterator[Finding]:
    """F02: completed, never accepted: the acceptance was not entered, or the case was not handled."""
    done = next((event for event in case.view.events if event.event == "completed"), None)
    if done is not None and not any(event.event == "accepted" for event in case.view.events):
        yield _finding("F02", done, "case.finding.completed_unaccepted")


def _no_result(case: Case) -> Iterator[Finding]:
    """F03: granted and no document of the result, by a source that names one for other cases."""
    for event in case.view.events:
        granted = event.event == "completed" and event.body.get("result") == "granted"
        if granted and not event.body.get("result_doc") and event.source in case.facts.documented:
            yield _finding("F03", event, "case.finding.result_missing")


def _reopened(case: Case) -> Iterator[Finding]:
    """F03: completed and opened again: it was perhaps not done when it was said to be."""
    done: CaseEvent | None = None
    for event in case.view.events:
        if event.event == "completed":
            done = done or event
        elif event.event == "reopened" and done is not None:
            yield _finding("F03", event, "case.finding.completed_reopened", completed=done.at.isoformat())
            done = None


def _short_pauses(case: Case) -> Iterator[Finding]:
    """A suspension shorter than a session takes a whole day out of the count (DESIGN §4, legal days)."""
    for pause in case.view.pauses:
        if pause.cause != "suspended" or pause.end is None:
            continue
        worked = case.calendar.working_time_between(pause.begin, pause.end)
        sessions = case.calendar.sessions(case.calendar.local_date(pause.begin))
        least = min((end - start for start, end in sessions), default=timedelta(0))
        if timedelta(0) < worked < least:
            minutes = round(worked / timedelta(minutes=1))
            yield _finding("case.events", pause.opened, "case.finding.pause_short", minutes=minutes)


_CHECKS: Final[tuple[Callable[[Case], Iterator[Finding]], ...]] = (
    _supplement_rounds,
    _reasons,
    _edited_after_end,
    _closed_before_accepted,
    _no_result,
    _reopened,
    _short_pauses,
)


def _finding(rule: str, event: CaseEvent, code: str, **figures: Any) -> Finding:
    figures = {"event_id": event.id, "source": event.source, **figures}
    return Finding(rule=rule, at=event.at, reason=Reason(code=code, figures=figures))
