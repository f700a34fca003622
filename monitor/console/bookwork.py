"""Rule books over HTTP: a text that is read and held against its hall, and what it would have meant of a month."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import HTTPException
from sqlalchemy import Connection

from monitor.access import Principal
from monitor.assessment.book import RuleBook
from monitor.assessment.bookdiff import Difference, differences
from monitor.assessment.check import Finding, check
from monitor.console.deps import Deps
from monitor.console.longwork import Job, Told
from monitor.model import Registry
from monitor.supervision.assessment.books import book_of, hall_of, parsed
from monitor.supervision.assessment.bookview import in_force, require_changer
from monitor.supervision.assessment.whatif import WhatIf, what_if


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """A text that is a book. `present`: that in force in the month, which it is held against; None: there is none."""

    text: str
    book: RuleBook
    present: RuleBook | None
    findings: tuple[Finding, ...]
    differences: tuple[Difference, ...]


def findings_of(deps: Deps, registry: Registry, hall: str, book: RuleBook) -> tuple[Finding, ...]:
    """What the checker says of it at this hall."""
    return check(book, hall_of(registry, deps.presets, deps.policy, hall))


def checked(deps: Deps, conn: Connection, hall: str, month: str, text: str) -> Checked:
    """Raises BadBook, whose text names row and key."""
    book, present = parsed(text), book_of(conn, hall, month)
    return Checked(
        text=text, book=book, present=present, findings=findings_of(deps, deps.registry.get(conn), hall, book),
        differences=differences(present, book) if present is not None else (),
    )  # fmt: skip


def month_at(registry: Registry, hall: str, now: datetime) -> str:
    """The month that it is at the hall."""
    return f"{now.astimezone(ZoneInfo(registry.halls[hall].zone)):%Y-%m}"


def trial_key(conn: Connection, hall: str, month: str, version: str) -> Hashable:
    """It is held against the book that is in force in the month now."""
    row = in_force(conn, hall, month)
    return ("book", hall, month, row.version if row is not None else None, version)


def ask_trial(deps: Deps, who: Principal, hall: str, month: str, text: str) -> Job[WhatIf]:
    """A month of the hall by another book; `about` is its text. Raises Refused: role, reach, too many that are worked
    out; BadBook. 503 in a program that judges nothing.
    """
    with deps.store.read() as conn:
        require_changer(deps.registry.get(conn), who, hall)
        book = parsed(text)
        key = trial_key(conn, hall, month, book.version)
    look_at, policy = deps.look, deps.policy
    if look_at is None:
        raise HTTPException(503, "这里不提供现算的数据 what is counted afresh is not served here")

    def made(told: Told) -> WhatIf:
        told(0, 1)
        with deps.store.read() as conn:
            return what_if(look_at(conn, deps.clock.now()), hall, month, book, policy, who=who)

    return deps.long_work.ask(key, deps.clock.now(), made, action="assessment.what_if_failed", about=text)
