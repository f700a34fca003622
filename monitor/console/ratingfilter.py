"""Which ratings are asked for, and of which days: the same parameters in the API and in the pages' addresses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import Depends, HTTPException, Query

from monitor.access import Principal
from monitor.model import Registry
from monitor.supervision.ratings import RatingFilter
from monitor.supervision.reach import halls_within

SPANS: Final = ("today", "week", "month", "quarter", "own")
FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2099, 12, 31)
BY_DAY: Final = 93
"""Up to so many days a trend is by day, beyond by month."""
MOST_DAYS: Final = 3 * 366
Word = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """As it stands in the address; "" is any."""

    span: str
    first: date | None
    last: date | None
    hall: str | None
    window: str | None
    staff: str | None
    item: str | None
    score: int | None
    origin: str | None
    bad: bool
    commented: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Whole days `first` to `last` in the zone; [start, end) in UTC, cut into days or months at `edges`."""

    name: str
    first: date
    last: date
    zone: ZoneInfo
    edges: tuple[datetime, ...]
    by: Literal["day", "month"]

    @property
    def start(self) -> datetime:
        return self.edges[0]

    @property
    def end(self) -> datetime:
        return self.edges[-1]


def asked_ratings(
    span: Annotated[
        Literal["today", "week", "month", "quarter", "own", ""],
        Query(description="Up to today; `own`: `from` to `to`."),
    ] = "",
    day_from: Annotated[str | None, Query(alias="from", max_length=10, description="YYYY-MM-DD")] = None,
    day_to: Annotated[str | None, Query(alias="to", max_length=10, description="That day included.")] = None,
    hall: Word = None,
    window: Word = None,
    staff: Word = None,
    item: Word = None,
    score: Annotated[Literal["1", "2", "3", "4", "5", ""], Query()] = "",
    origin: Annotated[Literal["device", "screen", "web", "paper", ""], Query()] = "",
    bad: Annotated[bool, Query(description="Bad ratings alone (差评).")] = False,
    commented: Annotated[bool, Query(description="Those with a comment alone.")] = False,
) -> Asked:
    """A dependency. 422 for what cannot be a day."""
    first, last = _day("from", day_from), _day("to", day_to)
    return Asked(
        span=span or ("own" if first or last else "month"), first=first, last=last, hall=hall or None,
        window=window or None, staff=staff or None, item=item or None, score=int(score) if score else None,
        origin=origin or None, bad=bad, commented=commented,
    )  # fmt: skip


AskedRatings = Annotated[Asked, Depends(asked_ratings)]


def _day(name: str, text: str | None) -> date | None:
    """An empty field of a form is none."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise HTTPException(422, f"{name}: {text!r} 应写作 write it as 2026-03-01") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise HTTPException(422, f"{name}: {FIRST_DAY} – {LAST_DAY}")
    return day


def span_of(asked: Asked, zone: ZoneInfo, now: datetime) -> Span:
    """The days that are asked for, up to today. 422 where they end before they begin."""
    today = now.astimezone(zone).date()
    first, last = _begins(asked.span, today), today
    if asked.span == "own":
        last = asked.last or max(today, asked.first or today)
        first = asked.first or last.replace(day=1)
    if last < first:
        raise HTTPException(422, f"from, to: {first} – {last}: 止早于起 ends before it begins")
    if (last - first).days >= MOST_DAYS:
        raise HTTPException(422, f"from, to: {first} – {last}: 最多 at most {MOST_DAYS} 天 days")
    by: Literal["day", "month"] = "day" if (last - first).days < BY_DAY else "month"
    days = [first, *_cuts(first, last, by), last + timedelta(days=1)]
    edges = tuple(datetime.combine(day, time(), zone).astimezone(UTC) for day in days)
    return Span(name=asked.span, first=first, last=last, zone=zone, edges=edges, by=by)


def _begins(span: str, today: date) -> date:
    if span == "week":
        return today - timedelta(days=today.weekday())
    if span == "month":
        return today.replace(day=1)
    if span == "quarter":
        return today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    return today


def _cuts(first: date, last: date, by: str) -> list[date]:
    """Where days, or months, begin after `first`, up to `last`."""
    if by == "day":
        return [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    months = range(first.year * 12 + first.month, last.year * 12 + last.month)
    return [date(n // 12, n % 12 + 1, 1) for n in months]


def zone_for(registry: Registry, who: Principal, hall: str | None) -> ZoneInfo:
    """Of the hall that is asked for, else of the one within reach, else the program's."""
    mine = halls_within(registry, who)
    chosen = hall if hall in mine else next(iter(mine), None) if len(mine) == 1 else registry.hall_of_staff(who.staff)
    return registry.zone_of(chosen)


def filter_of(asked: Asked, span: Span, who: Principal) -> RatingFilter:
    return RatingFilter(
        who=who, start=span.start, end=span.end, hall=asked.hall, window=asked.window, staff=asked.staff,
        item=asked.item, score=asked.score, origin=asked.origin, bad=asked.bad, commented=asked.commented,
    )  # fmt: skip
