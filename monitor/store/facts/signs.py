"""What the signs of gaming (迎考迹象) of a hall's month rest on: completions with their limits, ratings, entries.

Cases are picked by their rows of statistics and folded without their orders. What is not proven is left out, and the
days of which a source of cases may still tell something are named: of these nothing is said about ratings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, exists, not_, or_, select

from monitor.assessment.gaming import Closed, Rating
from monitor.model import Span
from monitor.settings import Policy
from monitor.store import ratings
from monitor.store.casestats import STAT, SUBJECT
from monitor.store.facts.cases import CARD, CASE, case_event, hall_of, reporters_in
from monitor.store.facts.integrity import RATING
from monitor.store.facts.look import Look
from monitor.store.facts.scoring_entries import case_sources, entries_of, hours_of
from monitor.store.facts.scoring_month import BESIDE, HallMonth, month_of
from monitor.store.facts.scoring_record import has_cases
from monitor.store.quick import QuickSelect
from monitor.store.sql import chunks
from monitor.timeliness.case import case_at
from monitor.timeliness.counts import measured_by
from monitor.timeliness.facts import CaseFacts
from monitor.timeliness.fold import PauseSpan
from monitor.timeliness.integrity_hall import Entered
from monitor.workcal.tables import micros

_BATCH: Final = 2000
_DAY: Final = timedelta(days=1)
_SKEW: Final = timedelta(hours=1)
"""Their times were corrected when they were judged; a clock that can be trusted moves by far less since."""
_BY_DEVICE: Final = ("device", "screen")
"""Origins of ratings that citizens gave one after the other; links come when they come, paper is entered in batches."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """`unknown_days`: (window, date) of which a source of its cases has not told all. `known_cases`: of those that the
    ratings name. `left_out`: completions of the month whose times cannot be trusted.
    """

    first: date
    last: date
    closed: tuple[Closed, ...]
    ratings: tuple[Rating, ...]
    entered: tuple[Entered, ...]
    known_cases: frozenset[str]
    unknown_days: frozenset[tuple[str, date]]
    left_out: int


def load_signs(look: Look, hall: str, month: str, policy: Policy) -> Seen:
    """Of a hall's month as far as it is known at `look.now`. Raises ValueError for another text than a month, KeyError
    for a hall that there is not.
    """
    m = month_of(look, hall, month, policy, None)  # a sign follows from no rule book
    closed, doubtful = _closed(m)
    rated = list(_ratings(m))
    return Seen(
        first=m.first, last=m.last, closed=tuple(closed), ratings=tuple(rating for rating, _ in rated),
        entered=tuple(entries_of(m).completed), known_cases=_known(m, rated),
        unknown_days=frozenset(_unknown_days(m, doubtful)), left_out=len(doubtful),
    )  # fmt: skip


# --------------------------------------------------------------------------- cases


_EVENTS: Final = QuickSelect(
    lambda among: (
        select(
            *(CASE.c[name] for name in ("case_key", "event", "event_id", "source", "at", "received", "seq", "boot")),
            *(CASE.c[name] for name in ("item", "window", "staff", "reason", "entered", "body")),
        )
        .where(
            among(CASE.c.case_key),
            CASE.c.received <= bindparam("now", type_=CASE.c.received.type),
            # it comes after the end, and moves no limit
            CASE.c.event != "delivered",
        )
        .order_by(CASE.c.at)
    )
)


def _closed(m: HallMonth) -> tuple[list[Closed], list[str]]:
    """(completions of the month with what is proven of them, windows of those whose time cannot be trusted)."""
    found: list[Closed] = []
    doubtful: list[str] = []
    for batch in chunks(_candidates(m), _BATCH):
        rows: dict[str, list[Any]] = {}
        for row in _EVENTS.run(m.look.conn, batch, now=m.look.now):
            rows.setdefault(row.case_key, []).append(row)
        for key, mine in rows.items():
            one = _completion(m, key, mine)
            if isinstance(one, Closed):
                found.append(one)
            elif one is not None:
                doubtful.append(one)
    return found, doubtful


def _candidates(m: HallMonth) -> list[str]:
    """Cases that statistics know as completed about the month, those opened again since it began, and those that are
    due to be judged.
    """
    done = select(STAT.c.case_key).where(
        STAT.c.hall == m.hall, STAT.c.end == "completed", STAT.c.ended_us >= micros(m.start - _SKEW),
        STAT.c.ended_us < micros(m.end + _SKEW),
    )  # fmt: skip
    again = select(CASE.c.case_key).where(
        CASE.c.source.in_(case_sources(m)), CASE.c.event == "reopened", CASE.c.at >= m.start - BESIDE
    )
    due = select(SUBJECT.c.key).where(
        SUBJECT.c.kind == "case", SUBJECT.c.hall == m.hall, SUBJECT.c.next_check_at <= m.look.now
    )
    return sorted({key for query in (done, again, due) for key in m.look.conn.execute(query).scalars()})


def _completion(m: HallMonth, key: str, rows: Sequence[Any]) -> Closed | str | None:
    """The first completion of the month that still stands or was opened again; its window where its time is in doubt.
    None: there is none in the month, or it is of another hall.
    """
    look, own = m.look, m.policy.timeliness
    events = tuple([case_event(look, row) for row in rows])
    reporters = reporters_in(look, key, rows)
    hall = hall_of(look.registry, rows, reporters)
    facts = CaseFacts(key=key, events=events, sources=(), registry=look.registry, hall=hall)
    calendar = look.once(
        ("calendar of signs", reporters[:1], hall),
        lambda: look.book.for_source(look.registry, reporters[0] if reporters else "", hall),
    )
    case = case_at(facts, own, calendar, look.now)
    view = case.view
    undone = next((p for p in view.pauses if _is_of(p) and m.holds(p.begin)), None)
    if undone is not None and undone.end is not None:  # as it stood before it was opened again
        reopened = undone.end
        case = case_at(facts, own, calendar, reopened - timedelta(microseconds=1))
        ended, trusted = undone.begin, undone.opened.trusted
    elif view.completed is not None and m.holds(view.completed.at):
        reopened, ended, trusted = None, view.completed.at, view.completed.trusted
    else:
        return None
    window = case.charge_at(ended).window
    if window not in m.places:
        return None
    if not (trusted and case.view.clock_trusted):
        return window
    limit, accepted = measured_by(case), case.view.accepted
    sure = limit is not None and accepted is not None and not limit.provisional
    return Closed(
        case=key, window=window, accepted=accepted.at if accepted is not None else ended,
        due=limit.at if sure and limit is not None else None, ended=ended, hours=hours_of(m, window),
        reopened=reopened,
    )  # fmt: skip


def _is_of(pause: PauseSpan) -> bool:
    """A span between a completion and its opening again."""
    return pause.cause == "closed" and pause.opened.event == "completed"


# --------------------------------------------------------------------------- ratings


def _ratings(m: HallMonth) -> Iterator[tuple[Rating, bool]]:
    """Those of the month with whether anything was told of the case that they name. What a person found misjudged or
    malicious is left out.
    """
    told = exists().where(CASE.c.case_key == RATING.c.case_key, CASE.c.received <= m.look.now)
    aside = (RATING.c.score <= m.policy.rating.bad_at_most) & ratings.was_set_aside()
    columns = [RATING.c[name] for name in ("source", "event_id", "at", "boot", "window", "case_key", "origin")]
    query = select(*columns, told.label("told")).where(
        ratings.in_span(m.start - BESIDE, m.end + BESIDE), RATING.c.received <= m.look.now,
        RATING.c.window.in_(m.windows), not_(aside),
    )  # fmt: skip
    for row in m.look.conn.execute(query):
        at, trusted = m.look.sources.correct(row.source, row.boot, row.at)
        if m.holds(at):
            yield Rating(
                key=f"{row.source}/{row.event_id}", device=row.source if row.origin in _BY_DEVICE else None,
                window=row.window, at=at, case=row.case_key, trusted=trusted,
            ), bool(row.told)  # fmt: skip


def _known(m: HallMonth, rated: Iterable[tuple[Rating, bool]]) -> frozenset[str]:
    """Cases of which something was told, and all of a namespace in which nothing ever was: there nothing is missing."""
    named = {rating.case: told for rating, told in rated if rating.case is not None}
    spaces = {key.partition("/")[0] for key, told in named.items() if not told}
    silent = {space for space in spaces if not has_cases(m, space)}
    return frozenset(key for key, told in named.items() if told or key.partition("/")[0] in silent)


# --------------------------------------------------------------------------- what is not known


def _unknown_days(m: HallMonth, doubtful: Iterable[str]) -> Iterator[tuple[str, date]]:
    """Of all windows those days on which a source may have more to tell; of windows with a completion whose time is in
    doubt the whole month: it may be of any day.
    """
    days = [m.first + timedelta(days=n) for n in range((m.last - m.first).days + 1)]
    yield from ((window, day) for window in set(doubtful) for day in days)
    told = _told_of(m)
    for day in days:
        begin, end = m.midnight(day), m.midnight(day + _DAY)
        if any(mark is None or mark < end or any(a < end and b > begin for a, b in gaps) for mark, gaps in told):
            yield from ((window, day) for window in m.windows)


def _told_of(m: HallMonth) -> list[tuple[datetime | None, list[Span]]]:
    """Of each source of the hall's cases up to when it has told all, with the spans that are lost. An import of which
    the month has nothing is none; one that never tells of completions has told nothing.
    """
    look = m.look
    devices = [d for d in look.registry.devices.values() if d.hall == m.hall and d.allows("case")]
    found: list[tuple[datetime | None, list[Span]]] = []
    ceased = _ceased(m)
    for source in sorted({d.id for d in devices} | _imports(m)):
        device = look.registry.devices.get(source)
        state = look.sources.state(source)
        mark = state.watermark if device is None or device.reports_case("completed") else None
        found.append((mark, [*state.lost, *ceased.get(source, [])]))
    return found


def _imports(m: HallMonth) -> set[str]:
    query = select(CASE.c.source).where(
        CASE.c.source.in_([s for s in case_sources(m) if s not in m.look.registry.devices]),
        CASE.c.event == "completed", CASE.c.at >= m.start, CASE.c.at < m.end, CASE.c.window.in_(m.windows),
    )  # fmt: skip
    return set(m.look.conn.execute(query.distinct()).scalars())


def _ceased(m: HallMonth) -> Mapping[str, list[Span]]:
    """Spans in which a source told of no completion any more (`feed.incomplete`), whatever became of the card."""
    query = select(CARD.c.key, CARD.c.since, CARD.c.cleared_at).where(
        CARD.c.rule == "feed.incomplete", CARD.c.state != "withdrawn", CARD.c.since < m.end,
        or_(CARD.c.cleared_at.is_(None), CARD.c.cleared_at > m.start),
    )  # fmt: skip
    found: dict[str, list[Span]] = {}
    for row in m.look.conn.execute(query):
        found.setdefault(row.key, []).append((row.since, row.cleared_at or m.end))
    return found
