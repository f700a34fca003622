"""The pages of assessment (考评): scores, ledgers, closing, rule book, and the cycle's work; a module a group."""

from __future__ import annotations

from fastapi import APIRouter

from monitor.console.deps import Deps
from monitor.console.pages.assessment.tasks import add_tasks


def add_assessment(pages: APIRouter, deps: Deps) -> None:
    """Everything below `/assessment`."""
    add_tasks(pages, deps)
