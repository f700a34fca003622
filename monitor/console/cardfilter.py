"""Which cards are asked for: the same parameters in the API and in the address of the inbox."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import HTTPException, Query
from pydantic import AwareDatetime

from monitor.supervision.cardlist import LEVELS, STATES, CardFilter
from monitor.supervision.rules import parse_rule
from monitor.supervision.views import parse_subject

APPEALS: Final = ("pending", "upheld", "granted")
STANDING: Final = "standing"
"""As a state: open, acknowledged or answered, whatever somebody still has to end."""
Word = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]


def asked_cards(
    rule: Word = None,
    level: Annotated[str | None, Query(pattern=f"^({'|'.join(LEVELS)})?$")] = None,
    state: Annotated[str | None, Query(pattern=f"^({'|'.join((*STATES, STANDING))})?$")] = None,
    subject: Annotated[str | None, Query(max_length=400, pattern=r"^[^\x00]*$", description="KIND:ID")] = None,
    hall: Word = None,
    unit: Word = None,
    window: Word = None,
    staff: Word = None,
    appeal: Annotated[str | None, Query(pattern=f"^({'|'.join(APPEALS)})?$")] = None,
    historic: Annotated[bool | None, Query(description="Cards of an import of the past; default: both.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Issued at or after.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Issued before.")] = None,
    text: Word = None,
) -> CardFilter:
    """A dependency. 422 for a rule or a subject that there cannot be."""
    try:
        about = parse_subject(subject) if subject else None
        named = parse_rule(rule) if rule else None
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
    return CardFilter(
        rule=named, level=level or None, state=None if state == STANDING else state or None,
        standing=True if state == STANDING else None, subject=about, hall=hall or None, unit=unit or None,
        window=window or None, staff=staff or None, appeal=appeal or None, historic=historic, since=_utc(since),
        until=_utc(until), text=(text or "").strip() or None,
    )  # fmt: skip


def _utc(at: datetime | None) -> datetime | None:
    """422 for a time that no calendar has."""
    try:
        return at.astimezone(UTC) if at is not None else None
    except OverflowError:
        raise HTTPException(422, "since, until: 不是可用的时间 no time that a calendar has") from None
