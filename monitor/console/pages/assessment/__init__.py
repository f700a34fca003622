"""The pages of assessment (考评): scores, ledgers, closing, rule book, and the cycle's work; a module a group."""

from __future__ import annotations

from fastapi import APIRouter

from monitor.console.deps import Deps
from monitor.console.pages.assessment.marks import add_marks
from monitor.console.pages.assessment.proposals import add_proposals
from monitor.console.pages.assessment.tasks import add_tasks


def add_assessment(pages: APIRouter, deps: Deps) -> None:
    """Everything below `/assessment`."""
    add_proposals(pages, deps)
    add_marks(pages, deps)
    add_tasks(pages, deps)
