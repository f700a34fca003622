"""Rule books in the API: what is given, and what is answered, so that OpenAPI says it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from monitor.console.latemodel import LateModel
from monitor.supervision.assessment.books import MOST_TEXT

Text = Annotated[str, Field(min_length=1, max_length=MOST_TEXT, description="The book as TOML.")]
Month = Annotated[str, Field(pattern=r"^\d{4}-\d{2}$", description="YYYY-MM")]


class _In(LateModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CheckIn(_In):
    text: Text
    month: Month | None = Field(None, description="Held against the book in force then; default: this month's.")


class TrialIn(_In):
    text: Text
    month: Month


class UseIn(_In):
    text: Text
    month: Month = Field(alias="from")
    reason: str = Field(max_length=5000, description="Stands in the audit.")


class ChangeOut(LateModel):
    number: int
    hall: str
    first_month: str = Field(alias="from")
    name: str
    version: str
    at: str
    by: str
    reason: str | None = Field(description="Null where it is not kept any more.")


class HeldOut(LateModel):
    hall: str
    month: str
    version: str | None = Field(description="Null: no book is in force, the hall is not assessed.")
    first_month: str | None = Field(alias="from")
    history: list[ChangeOut]


class ShortOut(LateModel):
    name: str
    title: dict[str, str]
    version: str
    rows: int
    effects: int


class BooksOut(LateModel):
    halls: list[HeldOut]
    shipped: list[ShortOut]


class FindingOut(LateModel):
    kind: str = Field(description="overlap, orphan, never, choice")
    fault: bool = Field(description="To be mended; else to be known.")
    where: str
    zh: str
    en: str
    key: str = Field(description="What of the hall says otherwise: a key of its policy, halls.attendance, devices.")


class BookOut(LateModel):
    book: dict[str, Any] = Field(description="Every value, as `jiancha assess book show --json`.")
    text: str
    findings: list[FindingOut]


class DifferenceOut(LateModel):
    section: str
    id: str
    key: str = Field(description="Empty where it is new or gone as a whole.")
    before: Any
    after: Any
    name: dict[str, str] | None


class CheckedOut(LateModel):
    version: str
    present: str | None
    findings: list[FindingOut]
    differences: list[DifferenceOut]


class TrialOut(LateModel):
    state: str = Field(description="done; running: send the same again; failed")
    fault: str | None
    found: dict[str, Any] | None = Field(description="As `jiancha assess whatif --json`.")


class UsedOut(LateModel):
    hall: str
    first_month: str = Field(alias="from")
    version: str
