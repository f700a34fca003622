"""What the accumulations (累计) of attendance add up: happenings, and their entries in two ledgers (A03-A05, A07, A08).

A happening is a slot's verdict or a card. What it is worth is said by `entries`, once for the person's ledger and once
for the window's; assessment (考核) posts these. Why doubtful cases end as they do: docs/adr/0028. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from monitor.attendance.tallypolicy import TallyPolicy
from monitor.model import Charge, SubjectRef

HappeningKind = Literal["late", "early", "off_post", "absent", "unstaffed", "conduct"]
Ledger = Literal["staff", "window"]
TALLY: Final = "tally"
_PERIOD: Final = re.compile(r"([0-9]{4})(?:-(0[1-9]|1[0-2]))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """One thing that happened: at a check-in slot, at a window, or found by a person (conduct: a card by hand).

    `at`: when it was so: a late person's `due`, a card's `since`. `date`: the local date. `subject`: `kind:key` of what
    was judged. `row`: of conduct, the row it was issued under. `confirmed`: of off-post and unstaffed (marked S), that
    a card on it was closed as founded or rectified; anything else needs none.
    """

    kind: HappeningKind
    at: datetime
    date: date
    subject: str
    staff: str | None = None
    window: str | None = None
    row: str = ""
    cards: tuple[int, ...] = ()
    confirmed: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Sitting:
    """A check-in slot of somebody's day, for runs of absence, in the order of time by person.

    `absent`: half a day of it, `at` as of its happening. `there`: seen, or not settled yet. `excused`: on leave, or a
    closure. `silent`: nothing can be said, or another slot of the same half day says it.
    """

    staff: str
    date: date
    state: Literal["absent", "there", "excused", "silent"]
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TallyFacts:
    """A person's year or a window's month: first … last are its local dates. `happened` by time, ties by subject."""

    whose: Ledger
    id: str
    first: date
    last: date
    charge: Charge
    happened: tuple[Happening, ...]
    sittings: tuple[Sitting, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What a happening comes to in one ledger, to be posted by assessment: `points` are below zero.

    `whom`: id of the person or window. `confirmed` False: proposed (经查实), not to be posted before a person confirms.
    """

    ledger: Ledger
    whom: str
    row: str
    kind: HappeningKind
    at: datetime
    date: date
    subject: str
    points: Decimal
    staff: str | None
    cards: tuple[int, ...]
    confirmed: bool


def entries(happened: Iterable[Happening], policy: TallyPolicy) -> tuple[Entry, ...]:
    """The entries of both ledgers, by time; what earns no points (an absence in the person's ledger) has none."""
    found = [entry for happening in happened for entry in _of(happening, policy)]
    return tuple(sorted(found, key=lambda e: (e.at, e.subject, e.ledger, e.row)))


class _Worth(NamedTuple):
    ledger: Ledger
    row: str
    points: Decimal


def _of(happening: Happening, policy: TallyPolicy) -> Iterator[Entry]:
    for worth in _worth(happening, policy):
        whom = happening.staff if worth.ledger == "staff" else happening.window
        if whom is not None and worth.points:
            yield Entry(
                ledger=worth.ledger,
                whom=whom,
                row=worth.row,
                kind=happening.kind,
                at=happening.at,
                date=happening.date,
                subject=happening.subject,
                points=-worth.points,
                staff=happening.staff,
                cards=happening.cards,
                confirmed=happening.confirmed,
            )


def _worth(happening: Happening, policy: TallyPolicy) -> tuple[_Worth, ...]:
    """Row and points of a kind, by ledger: the same event goes to both where the policy says so (late_amount)."""
    match happening.kind:
        case "late" | "early":
            own = policy.late_points if happening.kind == "late" else policy.early_points
            both = (
                _Worth("staff", "A03" if happening.kind == "late" else "A04", own),
                _Worth("window", "A07", policy.window_late_points),
            )
            return _chosen(both, policy.late_amount)
        case "absent":
            return (_Worth("window", "A07", policy.window_absence_points),)
        case "off_post":
            return _chosen((_Worth("staff", "A05", policy.off_post_points),), policy.offpost_vs_unstaffed, happening)
        case "unstaffed":
            return _chosen((_Worth("window", "A08", policy.unstaffed_points),), policy.offpost_vs_unstaffed)
    return ()


def _chosen(worth: tuple[_Worth, ...], ledger: str, happening: Happening | None = None) -> tuple[_Worth, ...]:
    """What the policy lets stand. A person's off-post that left no window empty is no matter of A08."""
    if happening is not None and not happening.subject.startswith("post:"):
        return worth
    return worth if ledger == "both" else tuple(w for w in worth if w.ledger == ledger)


# --------------------------------------------------------------------------- keys


class TallyKey(NamedTuple):
    whose: Ledger
    id: str
    first: date
    last: date


def parse_tally_key(key: str) -> TallyKey:
    """STAFF/YYYY or WINDOW/YYYY-MM. Raises ValueError naming the key."""
    whom, _, period = key.rpartition("/")
    found = _PERIOD.fullmatch(period)
    if not whom or found is None or found[1] == "0000":
        raise ValueError(f"tally {key}: expected STAFF/YYYY or WINDOW/YYYY-MM")
    year = int(found[1])
    if found[2] is None:
        return TallyKey("staff", whom, date(year, 1, 1), date(year, 12, 31))
    first = date(year, int(found[2]), 1)
    return TallyKey("window", whom, first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def tally_of_staff(staff: str, day: date) -> SubjectRef:
    """The person's calendar year that the local date lies in."""
    return SubjectRef(kind=TALLY, key=f"{staff}/{day.year:04}")


def tally_of_window(window: str, day: date) -> SubjectRef:
    """The window's month that the local date lies in."""
    return SubjectRef(kind=TALLY, key=f"{window}/{day.year:04}-{day.month:02}")


def period_of(day: date, period: str) -> str:
    """The month (2026-03), quarter (2026-Q1) or year (2026) of a date, as an episode's id."""
    if period == "month":
        return f"{day.year:04}-{day.month:02}"
    return f"{day.year:04}-Q{(day.month + 2) // 3}" if period == "quarter" else f"{day.year:04}"
