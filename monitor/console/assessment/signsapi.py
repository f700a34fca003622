"""/api/v1/assessment/signs: signs of gaming (迎考迹象) of a hall's month."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from monitor.console.answers import ERRORS, Responses, problem
from monitor.console.bearer import require
from monitor.console.deps import Deps
from monitor.console.latemodel import LateModel
from monitor.console.signwork import ask_signs
from monitor.supervision.assessment.signs import signs_json
from monitor.supervision.tokens import Grant

WAIT_SECONDS: Final = 10.0
"""How long it waits before it says that it is worked out."""
SIGN_ERRORS: Final[Responses] = {**ERRORS, 404: problem("There is no such hall for the bearer."),
                                 409: problem("Too many are worked out now.")}  # fmt: skip


class SignOut(LateModel):
    kind: str = Field(description="last_hour, reopened, bulk_closing, ratings_without_case, rating_burst")
    window: str | None
    at: str = Field(description="Of the first of them; RFC 3339.")
    figures: dict[str, Any] = Field(description="What was counted, of how many, and what it was compared with.")
    subjects: list[str] = Field(description="case:KEY and rating:DEVICE/EVENT, the first 12.")


class FoundOut(LateModel):
    hall: str
    month: str
    policy: str = Field(description="Version of the policy whose [gaming] was used.")
    cases: int = Field(description="Completed in the month, with times that can be trusted.")
    ratings: int
    windows: int
    windows_with_enough_cases: int
    windows_with_enough_ratings: int
    unknown_days: list[str] = Field(description="Days of which a source of cases has not told all: no word of ratings.")
    left_out: int = Field(description="Completions whose times cannot be trusted.")
    signs: list[SignOut]


class SignsOut(LateModel):
    """A sign is for a person to look into: no card, no finding about anybody, no ground for points."""

    state: str = Field(description="done; running: ask again; failed")
    fault: str | None
    found: FoundOut | None


def add_signs_api(api: APIRouter, deps: Deps) -> None:
    @api.get("/assessment/signs", responses=SIGN_ERRORS, response_model=SignsOut)
    def get_signs(
        hall: str = Query(max_length=64),
        month: str = Query(max_length=7, pattern=r"^\d{4}-\d{2}$", description="YYYY-MM"),
        grant: Grant = Depends(require(deps, "audit:read")),
    ) -> Any:
        """Figures of the month that look made for the assessment. Nothing is written."""
        job = ask_signs(deps, grant.principal, hall, month)
        deps.long_work.wait(job, WAIT_SECONDS)
        found, fault = job.found, job.fault  # once: it may end meanwhile
        state = "done" if found is not None else "failed" if fault is not None else "running"
        return {"state": state, "fault": fault, "found": signs_json(found) if found is not None else None}
