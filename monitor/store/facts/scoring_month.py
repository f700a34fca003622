"""A hall's month while its facts for assessment are gathered: its days and places, who led them, how facts are made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from monitor.assessment.book import Choices
from monitor.assessment.model import Fact, Proof
from monitor.model import Post
from monitor.settings import Policy
from monitor.store.facts.look import Look
from monitor.workcal import WorkCalendar

_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
BESIDE: Final = timedelta(days=2)
"""Rows are sought by their uncorrected times, so much around the month."""


@dataclass(frozen=True, kw_only=True)
class HallMonth:
    """`first` … `last` are dates of the hall; [start, end) the same in UTC."""

    look: Look
    hall: str
    first: date
    last: date
    start: datetime
    end: datetime
    calendar: WorkCalendar
    policy: Policy
    windows: tuple[str, ...]
    people: tuple[str, ...]
    _choices: Choices | None = None
    _posts: dict[str, list[Post]] = field(default_factory=dict, repr=False)
    _stood: dict[tuple[str, date], str | None] = field(default_factory=dict, repr=False)

    @property
    def choices(self) -> Choices:
        """Those of the rule book, for facts that depend on it."""
        assert self._choices is not None, "what asks for them was given none"
        return self._choices

    @property
    def is_over(self) -> bool:
        return self.look.now >= self.end

    @cached_property
    def places(self) -> frozenset[str]:
        """The windows, to be asked thousands of times."""
        return frozenset(self.windows)

    @property
    def month(self) -> str:
        return f"{self.first:%Y-%m}"

    def holds(self, at: datetime | None) -> bool:
        """Whether the instant lies in the month, and is not ahead."""
        return at is not None and self.start <= at < self.end and at <= self.look.now

    def has_day(self, day: date) -> bool:
        return self.first <= day <= self.last

    def day_of(self, at: datetime) -> date:
        return self.calendar.local_date(at)

    def midnight(self, day: date) -> datetime:
        """When the local day begins."""
        return self.calendar.local(day, time(0))

    def days(self) -> list[date]:
        """The days of the month up to today."""
        last = min(self.last, self.day_of(self.look.now))
        return [self.first + timedelta(days=n) for n in range((last - self.first).days + 1)]

    def window_of(self, staff: str, day: date) -> str | None:
        """Where the person stood that day, as `facts.slots.window_of` says, asked thousands of times."""
        if (staff, day) not in self._stood:
            held = [
                post
                for post in self._posts.get(staff, ())
                if (post.valid_from is None or post.valid_from <= day)
                and (post.valid_to is None or day < post.valid_to)
            ]
            found = min(held, key=lambda p: ("ABS".find(p.rank), p.window)).window if held else None
            self._stood[staff, day] = found
        return self._stood[staff, day]

    def fact(
        self, source: str, key: str, at: datetime, *, day: date | None = None, window: str | None = None,
        staff: str | None = None, unit: str | None = None, amount: Decimal | int = 1, rung: str = "", row: str = "",
        event: str = "", spared: bool = False, proof: Proof = "certain", proposer: str | None = None,
        confirmed_by: str | None = None, evidence: bool = False, cards: Sequence[int] = (),
        figures: dict[str, Any] | None = None,
    ) -> Fact:  # fmt: skip
        """A fact with its place filled in: the unit of its window, else of its person; the window's lead and the
        unit's head as the registry names them.
        """
        registry = self.look.registry
        known = registry.charge(window=window, staff=staff)
        of_unit = unit or known.unit
        post, owner = registry.windows.get(window or ""), registry.units.get(of_unit or "")
        return Fact(
            source=source,
            key=key,
            at=at,
            date=day or self.day_of(at),
            hall=self.hall,
            unit=of_unit,
            window=window,
            staff=staff,
            lead=post.lead if post is not None else None,
            head=owner.head if owner is not None else None,
            amount=Decimal(amount),
            rung=rung,
            row=row,
            event=event,
            spared=spared,
            proof=proof,
            proposer=proposer,
            confirmed_by=confirmed_by,
            evidence=evidence,
            cards=tuple(sorted(set(cards))),
            figures=figures or {},
        )

    def monthly(self, source: str, window: str, amount: Decimal, figures: dict[str, Any]) -> Fact:
        """A fact of a window's whole month, dated its last day."""
        return self.fact(
            source, f"month:{window}/{self.month}", self.end, day=self.last, window=window, amount=amount,
            evidence=True, figures=figures,
        )  # fmt: skip


def month_of(look: Look, hall: str, month: str, policy: Policy, choices: Choices | None) -> HallMonth:
    """The month `2026-03` of a hall that the registry has; `choices`: None where no rule book is asked for.

    Raises ValueError for another text, KeyError for no hall.
    """
    if not _MONTH.fullmatch(month):
        raise ValueError(f"month {month!r}: expected YYYY-MM")
    registry = look.registry
    if hall not in registry.halls:
        raise KeyError(hall)
    first = date.fromisoformat(f"{month}-01")
    after = (first + timedelta(days=31)).replace(day=1)
    calendar = look.book.for_hall(registry, hall)
    posts: dict[str, list[Post]] = {}
    for post in registry.posts:
        posts.setdefault(post.staff, []).append(post)
    return HallMonth(
        look=look,
        hall=hall,
        first=first,
        last=after - timedelta(days=1),
        start=calendar.local(first, time(0)),
        end=calendar.local(after, time(0)),
        calendar=calendar,
        policy=policy,
        _choices=choices,
        windows=tuple(sorted(w.id for w in registry.windows.values() if w.hall == hall)),
        people=tuple(sorted(s for s in registry.staff if registry.hall_of_staff(s) == hall)),
        _posts=posts,
    )
