"""Every page below `/assessment`."""

from __future__ import annotations

from fastapi import APIRouter

from monitor.console.deps import Deps
from monitor.console.pages.assessment.awards import add_awards
from monitor.console.pages.assessment.bookedit import add_book_edit
from monitor.console.pages.assessment.books import add_books
from monitor.console.pages.assessment.circulars import add_circulars
from monitor.console.pages.assessment.entries import add_entries
from monitor.console.pages.assessment.explain import add_explained
from monitor.console.pages.assessment.feedback import add_feedback
from monitor.console.pages.assessment.marks import add_marks
from monitor.console.pages.assessment.patrols import add_patrols
from monitor.console.pages.assessment.periods import add_periods
from monitor.console.pages.assessment.proposals import add_proposals
from monitor.console.pages.assessment.reports import add_reports
from monitor.console.pages.assessment.reviews import add_reviews
from monitor.console.pages.assessment.scores import add_scores
from monitor.console.pages.assessment.selfwork import add_selfwork
from monitor.console.pages.assessment.sent import add_sent
from monitor.console.pages.assessment.signs import add_signs
from monitor.console.pages.assessment.talks import add_talks
from monitor.console.pages.assessment.tasks import add_tasks
from monitor.console.pages.assessment.weeks import add_weeks


def add_assessment(pages: APIRouter, deps: Deps) -> None:
    add_proposals(pages, deps)
    add_marks(pages, deps)
    add_scores(pages, deps)
    add_explained(pages, deps)
    add_entries(pages, deps)
    add_signs(pages, deps)
    add_books(pages, deps)
    add_book_edit(pages, deps)
    add_periods(pages, deps)
    add_reports(pages, deps)
    add_tasks(pages, deps)
    add_patrols(pages, deps)
    add_weeks(pages, deps)
    add_selfwork(pages, deps)
    add_talks(pages, deps)
    add_circulars(pages, deps)
    add_feedback(pages, deps)
    add_sent(pages, deps)
    add_awards(pages, deps)
    add_reviews(pages, deps)
