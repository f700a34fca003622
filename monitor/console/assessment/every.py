"""Every route below `/api/v1/assessment`."""

from __future__ import annotations

from fastapi import APIRouter

from monitor.console.assessment.awards import add_awards_api
from monitor.console.assessment.booksapi import add_books_api
from monitor.console.assessment.circulars import add_circulars_api
from monitor.console.assessment.feedback import add_feedback_api
from monitor.console.assessment.marks import add_marks_api
from monitor.console.assessment.patrols import add_patrols_api
from monitor.console.assessment.periods import add_periods_api
from monitor.console.assessment.proposals import add_proposals_api
from monitor.console.assessment.reports import add_reports_api
from monitor.console.assessment.reviews import add_reviews_api
from monitor.console.assessment.scores import add_scores_api
from monitor.console.assessment.selfwork import add_selfwork_api
from monitor.console.assessment.sent import add_sent_api
from monitor.console.assessment.signsapi import add_signs_api
from monitor.console.assessment.talks import add_talks_api
from monitor.console.assessment.tasks import add_tasks_api
from monitor.console.assessment.weeks import add_weeks_api
from monitor.console.deps import Deps


def add_assessment_api(api: APIRouter, deps: Deps) -> None:
    add_proposals_api(api, deps)
    add_marks_api(api, deps)
    add_scores_api(api, deps)
    add_signs_api(api, deps)
    add_books_api(api, deps)
    add_periods_api(api, deps)
    add_reports_api(api, deps)
    add_tasks_api(api, deps)
    add_patrols_api(api, deps)
    add_weeks_api(api, deps)
    add_selfwork_api(api, deps)
    add_talks_api(api, deps)
    add_circulars_api(api, deps)
    add_feedback_api(api, deps)
    add_sent_api(api, deps)
    add_awards_api(api, deps)
    add_reviews_api(api, deps)
