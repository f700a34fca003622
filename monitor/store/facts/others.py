"""Facts of ratings, devices, halls and calendar years."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, bindparam, func, select

from monitor.evaluators.facts import Beat, CalendarFacts, DeviceFacts, HallFacts, RatingFacts
from monitor.model import Device
from monitor.store.facts.ahead import earliest_of, steps_ahead
from monitor.store.facts.beats import beats_before, beats_from, boots_began, queued_since
from monitor.store.facts.look import Loaded, Look, Path, next_receipt
from monitor.store.quick import QuickSelect
from monitor.store.schema import Card, CardEvent, RatingRow, Subject
from monitor.store.sequences import announced_at
from monitor.store.sql import table_of

RATING: Final = table_of(RatingRow)
CARD: Final = table_of(Card)
NOTICE: Final = table_of(CardEvent)
SUBJECT: Final = table_of(Subject)


_RATINGS: Final = QuickSelect(
    lambda within: select(RATING).where(RATING.c.source == bindparam("source"), within(RATING.c.event_id))
)


def load_ratings(look: Look, keys: Sequence[str]) -> dict[str, Loaded]:
    """Facts of ratings by key (DEVICE/EVENT-ID)."""
    by_source: dict[str, list[str]] = {}
    for key in keys:
        source, _, event = key.partition("/")
        by_source.setdefault(source, []).append(event)
    # Source by source: SQLite looks for pairs through the whole table, a year of ratings for each batch.
    rows = [row for source, events in by_source.items() for row in _RATINGS.run(look.conn, events, source=source)]
    followed, ahead = _closed_at(look, keys), steps_ahead(look, "rating", keys)
    look.sources.look_at(by_source)
    loaded: dict[str, Loaded] = {}
    for row in rows:
        key = f"{row.source}/{row.event_id}"
        place = look.registry.charge(window=row.window, staff=row.staff, device=row.source)
        facts = RatingFacts(
            key=key,
            device=row.source,
            at=look.sources.correct(row.source, row.boot, row.at)[0],
            score=row.score,
            registry=look.registry,
            window=row.window,
            staff=row.staff,
            case=row.case_key,
            followed_up_at=followed.get(key),
        )
        calendar = look.book.for_hall(look.registry, place.hall)
        more_at = earliest_of(next_receipt([row], look.now), ahead.get(key))
        loaded[key] = Loaded(facts=facts, calendar=calendar, hall=place.hall, more_at=more_at)
    return loaded


def load_devices(look: Look, keys: Sequence[str]) -> dict[str, Loaded]:
    """Facts of devices: heartbeats since the last look that settled everything, the latest boot's skew, holes."""
    known = {
        key: d for key in keys if (d := look.registry.devices.get(key)) is not None and d.expected_from is not None
    }
    look.sources.look_at(known)
    started, judged, queued = _open_since(look, keys), _judged_at(look, keys), queued_since(look, list(known))
    since: dict[str, datetime] = {}
    for key, device in known.items():
        reach = (look.now, judged.get(key), started.get(key), queued.get(key))
        since[key] = max(device.expected_from or look.now, min(at for at in reach if at is not None))
    before = beats_before(look, since)
    rows = beats_from(look, {key: before[key] or at for key, at in since.items()})
    counted = {key: [r for r in mine if look.counts(r)] for key, mine in rows.items()}
    latest = {key: max(mine, key=lambda r: r.received).boot for key, mine in counted.items() if mine}
    began = boots_began(look, latest.items())
    loaded: dict[str, Loaded] = {}
    for key, device in known.items():
        start = since[key]
        if (
            before[key] is None
            and device.expected_from
            and (not counted[key] or replace(look.path, in_hand=frozenset()) == Path())
        ):
            # Never heard until then: the silence is as old as the device. Not where the daemon has heard it meanwhile:
            # when its own path came up is known only while it is up.
            start = device.expected_from
        calendar = look.book.for_device(look.registry, device)
        boot = latest.get(key)
        facts = _device_facts(look, device, start, counted[key], (boot, began[key, boot]) if boot is not None else None)
        loaded[key] = Loaded(
            facts=facts, calendar=calendar, hall=device.hall, more_at=next_receipt(rows[key], look.now)
        )
    return loaded


def _device_facts(
    look: Look, device: Device, since: datetime, rows: Sequence[Row[Any]], latest: tuple[str, datetime] | None
) -> DeviceFacts:
    """`rows` reach back to the heartbeat before `since`, so that no gap is cut; `latest`: boot, and its first beat."""
    beats = [
        Beat(at=look.sources.correct(device.id, r.boot, r.at)[0], received=r.received, queue=r.queue) for r in rows
    ]
    skew = look.sources.skew(device.id, latest[0]) if latest is not None else None
    lost = look.sources.lost_spans(device.id)
    boots = dict.fromkeys(r.boot for r in rows)
    first = min((min(b.at, b.received) for b in beats), default=since)
    return DeviceFacts(
        id=device.id,
        registry=look.registry,
        since=min(since, first),
        beats=tuple(sorted(beats, key=lambda b: b.at)),
        owes_heartbeats=device.owes_heartbeats,
        heard_since=look.path.heard_since,
        deaf=look.path.deaf,
        path_up=look.path.up,
        in_hand=device.id in look.path.in_hand,
        skew_seconds=skew.total_seconds() if skew is not None else None,
        skew_known_at=look.sources.correct(device.id, *latest)[0] if latest is not None else None,
        open_holes=tuple(_holes(look, device.id, boots)),
        lost=lost,
        retired=False,
    )


def _holes(look: Look, device: str, boots: Iterable[str]) -> Iterator[datetime]:
    """For each boot with missing numbers, since when that is known."""
    for boot in boots:
        missing = look.sources.first_missing(device, boot)
        if missing is not None:
            yield announced_at(look.conn, device, boot, missing, look.now)


def _open_since(look: Look, keys: Sequence[str]) -> dict[str, datetime]:
    """Where the standing cards of each device began: the look must reach back to see how they end."""
    return {r.key: r.began for r in _STANDING_SINCE.run(look.conn, keys)}


_STANDING_SINCE: Final = QuickSelect(
    lambda among: (
        select(CARD.c.key, func.min(CARD.c.began).label("began"))
        .where(CARD.c.kind == "device", among(CARD.c.key), CARD.c.cleared_at.is_(None))
        .group_by(CARD.c.key)
    )
)


def _judged_at(look: Look, keys: Sequence[str]) -> dict[str, datetime]:
    epoch = datetime.min.replace(tzinfo=look.now.tzinfo)
    return {r.key: r.judged_at or epoch for r in _JUDGED.run(look.conn, keys)}


_JUDGED: Final = QuickSelect(
    lambda among: select(SUBJECT.c.key, SUBJECT.c.judged_at).where(SUBJECT.c.kind == "device", among(SUBJECT.c.key))
)


SETTLING: Final = timedelta(minutes=1)


def load_halls(look: Look, keys: Sequence[str]) -> dict[str, Loaded]:
    """Facts of halls for `unknown.stale`: their unknown subjects that operators are, or will be, told of.

    One that waits to be judged again itself may be known in a moment, as after a backlog: unless a reminder stands, it
    counts from SETTLING later, and marks the hall when it is judged (`follow_ups`).
    """
    query = (
        select(SUBJECT.c.hall, SUBJECT.c.stale_at, SUBJECT.c.kind, SUBJECT.c.key, SUBJECT.c.next_check_at)
        .where(SUBJECT.c.hall.in_(keys), SUBJECT.c.verdict == "unknown", SUBJECT.c.stale_at.is_not(None))
        .order_by(SUBJECT.c.stale_at, SUBJECT.c.kind, SUBJECT.c.key)
    )
    stale: dict[str, list[tuple[datetime, str]]] = {key: [] for key in keys}
    standing = _standing(look, keys)
    for row in look.conn.execute(query):
        settling = row.hall not in standing and row.next_check_at is not None and row.next_check_at <= look.now
        stale_at = max(row.stale_at, look.now + SETTLING) if settling else row.stale_at
        stale[row.hall].append((stale_at, f"{row.kind}:{row.key}"))
    return {
        key: Loaded(
            facts=HallFacts(id=key, registry=look.registry, stale=tuple(found), standing_since=standing.get(key)),
            calendar=look.book.for_hall(look.registry, key),
            hall=key,
        )
        for key, found in stale.items()
    }


def _standing(look: Look, keys: Sequence[str]) -> dict[str, datetime]:
    query = select(CARD.c.key, CARD.c.since).where(
        CARD.c.rule == "unknown.stale", CARD.c.key.in_(keys), CARD.c.cleared_at.is_(None)
    )
    return {r.key: r.since for r in look.conn.execute(query)}


def load_calendars(look: Look, keys: Sequence[str]) -> dict[str, Loaded]:
    """Facts of calendar years: published by the library or by an imported notice."""
    loaded: dict[str, Loaded] = {}
    for key in keys:
        year = int(key)
        calendar = look.book.default
        facts = CalendarFacts(
            year=year,
            zone=str(calendar.zone),
            published=look.book.published(year),
            published_at=look.book.imported_at(year),
        )
        loaded[key] = Loaded(facts=facts, calendar=calendar, hall=None)
    return loaded


def _closed_at(look: Look, keys: Sequence[str]) -> dict[str, datetime]:
    """When a person closed the card of a bad rating."""
    return {row.key: row.at for row in _CLOSED_AT.run(look.conn, keys, now=look.now)}


_CLOSED_AT: Final = QuickSelect(
    lambda among: (
        select(CARD.c.key, func.min(NOTICE.c.at).label("at"))
        .join(NOTICE, NOTICE.c.card == CARD.c.number)
        .where(
            CARD.c.kind == "rating",
            among(CARD.c.key),
            NOTICE.c.event == "closed",
            NOTICE.c.at <= bindparam("now", type_=NOTICE.c.at.type),
        )
        .group_by(CARD.c.key)
    )
)
