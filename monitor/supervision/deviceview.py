"""Everything about one device (设备) at a time, for its page and for GET /api/v1/devices/{id}."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Row

from monitor.access import Principal
from monitor.evaluators.policy import DevicePolicy
from monitor.model import Span
from monitor.store import devices as stored
from monitor.store.facts.look import Look
from monitor.supervision.devicelist import DeviceLine, find_device

SHOWN: Final = timedelta(hours=24)
EVENTS: Final = 200
"""Newest events that are looked through for the last ones of each channel."""
OF_CHANNEL: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Boot:
    """One start of a device. `skew_seconds`: the median over all its heartbeats, as the judge has it; `trusted`:
    whether its times prove anything. `missing`: the first number that was announced and has not come; None: none.
    """

    boot: str
    beats: int
    first: datetime
    last: datetime
    last_seq: int | None
    skew_seconds: float | None
    trusted: bool
    missing: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    id: int
    starts: datetime
    ends: datetime
    reason: str
    declared_at: datetime
    actor: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One event of the device, without what it said."""

    channel: str
    event: str
    at: datetime
    received: datetime
    seq: int | None
    boot: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Beats:
    """Heartbeats of [start, end): how many, the spans in which it was heard, those in which it was not (longer than
    `least_silence`).
    """

    start: datetime
    end: datetime
    count: int
    heard: tuple[Span, ...]
    gaps: tuple[Span, ...]
    least_silence: timedelta
    by_hour: tuple[tuple[datetime, int], ...]
    """Beginning of each hour since `start`, heartbeats received in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceFile:
    """`line`: as the list has it. `cards`: those about it that stand, the gravest first. `dark`: power cuts of its
    hall, and what was declared lost, in the last 24 hours.
    """

    line: DeviceLine
    serves: tuple[str, ...]
    channels: tuple[str, ...]
    emits: tuple[str, ...]
    watermark: str
    namespace: str
    expected_from: datetime
    revoked_at: datetime | None
    boots: tuple[Boot, ...]
    losses: tuple[Loss, ...]
    cards: tuple[Row[Any], ...]
    beats: Beats
    events: tuple[Told, ...]
    dark: tuple[Span, ...]


def device_file(look: Look, policy: DevicePolicy, who: Principal, device: str) -> DeviceFile | None:
    """None where there is no such device within reach."""
    found = find_device(look, policy, who, device)
    if found is None:
        return None
    line, row = found
    conn, now = look.conn, look.now
    known = row.revoked_at is None
    boots = tuple(_boot(look, device, boot, policy) for boot in look.sources.recent_boots(device))
    beats = _beats(look, device, policy)
    spans = look.sources.lost_spans(device) if known else ()
    return DeviceFile(
        line=line,
        serves=tuple(row.serves or ()), channels=tuple(row.channels or ()), emits=tuple(row.emits or ()),
        watermark=row.watermark, namespace=row.namespace,
        expected_from=row.expected_from, revoked_at=row.revoked_at,
        boots=boots,
        losses=tuple(
            Loss(id=r.id, starts=r.starts, ends=r.ends, reason=r.reason, declared_at=r.declared_at, actor=r.actor)
            for r in stored.losses(conn, device)
        ),
        cards=tuple(reversed(stored.standing_cards(conn, [device]).get(device, ()))),
        beats=beats,
        events=_last_events(look, device),
        dark=tuple(s for s in spans if s[1] > beats.start and s[0] < now),
    )  # fmt: skip


def _boot(look: Look, device: str, boot: str, policy: DevicePolicy) -> Boot:
    beats, first, last = stored.span_of_boot(look.conn, device, boot)
    skew = look.sources.skew(device, boot)
    seconds = skew.total_seconds() if skew is not None else None
    return Boot(
        boot=boot, beats=beats, first=first.received, last=last.received, last_seq=last.last_seq, skew_seconds=seconds,
        trusted=seconds is not None and abs(seconds) <= policy.skew_untrusted_seconds,
        missing=look.sources.first_missing(device, boot),
    )  # fmt: skip


def _beats(look: Look, device: str, policy: DevicePolicy) -> Beats:
    end = look.now
    start = end - SHOWN
    rows = stored.beats_since(look.conn, device, start, end)
    before = stored.beat_before(look.conn, device, start)
    least = policy.least_silence()
    heard, gaps = spans_of([r.received for r in rows], before, start, end, least)
    hours = [start + timedelta(hours=n) for n in range(24)]
    counts = [0] * 24
    for row in rows:
        counts[min(23, int((row.received - start) / timedelta(hours=1)))] += 1
    return Beats(
        start=start, end=end, count=len(rows), heard=heard, gaps=gaps, least_silence=least,
        by_hour=tuple(zip(hours, counts, strict=True)),
    )  # fmt: skip


def spans_of(
    times: Sequence[datetime], before: datetime | None, start: datetime, end: datetime, least: timedelta
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """([heard, …], [silent, …]) of [start, end), from receipts in order; `before`: the last one before `start`. Pure.

    Between two heartbeats no further apart than `least` the device was there.
    """
    gaps = []
    first = before if before is not None else start
    for a, b in pairwise([first, *times, end]):
        if b - a > least or (before is None and not times):
            gaps.append((max(a, start), b))
    heard = []
    at = start
    for a, b in gaps:
        if a > at:
            heard.append((at, a))
        at = b
    if at < end:
        heard.append((at, end))
    return tuple(heard), tuple(gaps)


def _last_events(look: Look, device: str) -> tuple[Told, ...]:
    """The last few of each channel, the newest first."""
    found: list[Told] = []
    seen: dict[str, int] = {}
    for row in stored.latest_events(look.conn, device, EVENTS):
        seen[row.channel] = seen.get(row.channel, 0) + 1
        if seen[row.channel] <= OF_CHANNEL:
            found.append(
                Told(
                    channel=row.channel,
                    event=row.event_id,
                    at=row.at,
                    received=row.received,
                    seq=row.seq,
                    boot=row.boot,
                )
            )
    return tuple(sorted(found, key=lambda told: told.channel))
