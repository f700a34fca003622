"""What a hall's month holds for assessment (考评): its facts, what is not known of it, who was on duty. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from monitor.assessment.model import Fact, Unknown
from monitor.timeliness.statistics import Counts


@dataclass(frozen=True, kw_only=True, slots=True)
class Scoring:
    """A hall's month as the store knows it at one time; the same facts in any order give the same value.

    `facts`, `unknowns`: by time, ties by key. A fact belongs to one month for as long as its date stands, so that it
    costs once. `overdue`: every case that was open past its limit in the month, as `case.overdue` with the days that it
    was late by the month's end: C03 and C04 count these, also the ones whose limit passed, and that cost, in an earlier
    month. `duty`, `watched`: days of the month of which something is known, by person and by window. `cases`: what
    statistics count of each window.
    """

    hall: str
    month: str
    first: date
    last: date
    facts: tuple[Fact, ...] = ()
    overdue: tuple[Fact, ...] = ()
    unknowns: tuple[Unknown, ...] = ()
    duty: Mapping[str, int] = field(default_factory=dict)
    watched: Mapping[str, int] = field(default_factory=dict)
    cases: Mapping[str, Counts] = field(default_factory=dict)
