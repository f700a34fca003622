"""Events that come over HTTP or from a file: the same decoder, the same idempotence as MQTT (DESIGN §3.2)."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from monitor.ingest import heard
from monitor.ingest.check import FUTURE, prepare
from monitor.ingest.decode import Message
from monitor.ingest.payloads import Instant
from monitor.ingest.writer import BatchResult, Writing, write_prepared
from monitor.model import Registry
from monitor.store.engine import Store

BATCH: Final = 400
"""Lines of one transaction: the lock is held for about 20 ms, so that a file beside a daemon holds up no ingest."""
BATCH_ALONE: Final = 1000
"""The same where no daemon runs: what a transaction costs for each of its devices is paid less often."""
AT_ONE_INSTANT: Final = 1000
"""So many lines of one receipt are kept in one transaction."""
REFUSALS_NAMED: Final = 100
"""A file may be wrong from end to end: so many refused lines are named, all are counted and kept."""


class BadFeed(ValueError):
    """The frame of the input is wrong; the text names the item or line and the field. Nothing was written."""


class Item(Struct, frozen=True, kw_only=True):
    """One element of `POST /api/v1/events`; the payload stays as it was sent until it is decoded."""

    device: str
    channel: str
    payload: msgspec.Raw


class _Line(Struct, frozen=True, kw_only=True):
    received: Instant
    device: str
    channel: str
    payload: msgspec.Raw


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """One refused item or row: `place` is the item's index (from 0), the line's or the row's number (from 1)."""

    place: int
    reason: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Fed:
    """What a feed brought. `refused` names at most REFUSALS_NAMED of a file's lines, and every item of a request."""

    stored: int = 0
    duplicates: int = 0
    quarantined: int = 0
    refused: tuple[Refusal, ...] = ()

    def request_answer(self) -> dict[str, Any]:
        """The body of a 200 on `POST /api/v1/events`."""
        refused = [{"index": r.place, "reason": r.reason} for r in self.refused]
        return {"stored": self.stored, "duplicates": self.duplicates, "quarantined": refused}

    def plus(self, result: BatchResult, places: Sequence[int], limit: int | None = None) -> Fed:
        refused = [
            Refusal(place=place, reason=o.refused.reason, detail=o.refused.detail)
            for place, o in zip(places, result.outcomes, strict=True)
            if o.refused is not None
        ]
        return Fed(
            stored=self.stored + result.stored,
            duplicates=self.duplicates + result.duplicates,
            quarantined=self.quarantined + result.quarantined,
            refused=(*self.refused, *refused)[:limit],
        )


def parse_items(body: bytes) -> list[Item]:
    """The items of a request body; BadFeed (422) where it is no array of {"device","channel","payload"}."""
    try:
        return msgspec.json.decode(body, type=list[Item])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadFeed(f"body: {error}") from None


def ingest_items(
    store: Store,
    items: Sequence[Item],
    registry: Registry,
    now: datetime,
    *,
    future: timedelta = FUTURE,
    shared: bool = False,
    claim: Callable[[Connection], None] | None = None,
) -> tuple[Fed, BatchResult]:
    """Write a request's items in one transaction, received at `now`; returns after the commit.

    `shared`: the store is that of a group of daemons, where only sequence numbers move a watermark. `claim` is done
    first in the same transaction: what it raises leaves nothing written.
    """
    messages = [
        Message(device=item.device, channel=item.channel, payload=bytes(item.payload), received=now) for item in items
    ]
    prepared = [prepare(m, registry) for m in messages]
    how = Writing(due=now, future=future, shared=shared)

    def step(conn: Connection) -> BatchResult:
        if claim is not None:
            claim(conn)
        return write_prepared(conn, prepared, registry, how)

    result = store.step(step, first=True)
    heard.tell(prepared, result.outcomes)
    return Fed().plus(result, range(len(items))), result


def import_events(
    store: Store, path: Path, registry: Registry, *, future: timedelta = FUTURE, shared: bool = False
) -> Fed:
    """`events import F.jsonl`: all frames are checked first, then the lines are written in batches.

    A line is {"received","device","channel","payload"}; `received` is taken as the receipt time. BadFeed names the
    first line that is none, and nothing was written; OSError where the file cannot be read.

    Lines are written in the order of their receipt, wherever they stand: what is ahead of its time (`future`), and
    which of two payloads of an id came first, must not hang on the order of a file, and a daemon beside it sees a day
    grow as it did.
    """
    places = _places(path)
    fed, how = Fed(), Writing(future=future, shared=shared)
    for batch in _batches(path, places, lambda: BATCH_ALONE if store.is_sqlite and not store.polite() else BATCH):
        prepared = [prepare(message, registry) for _, message in batch]
        result = store.step(lambda conn, some=prepared: write_prepared(conn, some, registry, how))  # type: ignore[misc]
        fed = fed.plus(result, [number for number, _ in batch], REFUSALS_NAMED)
    return replace(fed, refused=tuple(sorted(fed.refused, key=lambda refusal: refusal.place)))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Places:
    """Where the lines of a file stand, by the order of the file: number, offset, receipt (seconds of the epoch)."""

    numbers: array[int]
    offsets: array[int]
    received: array[float]


def _places(path: Path) -> _Places:
    """Every line is read once: BadFeed names the first that is none."""
    decoder = msgspec.json.Decoder(_Line)
    found = _Places(numbers=array("q"), offsets=array("q"), received=array("d"))
    offset = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            text = _text(number, line)
            if text.strip():
                found.numbers.append(number)
                found.offsets.append(offset)
                found.received.append(_message(decoder, number, text).received.timestamp())
            offset += len(line)
    return found


def _batches(path: Path, places: _Places, at_most: Callable[[], int]) -> Iterator[list[tuple[int, Message]]]:
    """The numbered messages by receipt; what was received at one instant stays together, up to a limit. `at_most` is
    asked before each batch: a daemon may be started meanwhile.
    """
    decoder = msgspec.json.Decoder(_Line)
    received = places.received
    batch: list[tuple[int, Message]] = []
    last, size = -1, at_most()
    with path.open("rb") as file:
        for index in sorted(range(len(received)), key=received.__getitem__):
            if len(batch) >= size and (received[index] != received[last] or len(batch) >= AT_ONE_INSTANT):
                yield batch
                batch, size = [], at_most()
            file.seek(places.offsets[index])
            number = places.numbers[index]
            batch.append((number, _message(decoder, number, _text(number, file.readline()))))
            last = index
    if batch:
        yield batch


def _text(number: int, line: bytes) -> bytes:
    return line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line


def _message(decoder: msgspec.json.Decoder[_Line], number: int, text: bytes) -> Message:
    try:
        line = decoder.decode(text)
        received = line.received.astimezone(UTC)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        wanted = '{"received","device","channel","payload"}'
        raise BadFeed(f"第 {number} 行，应为 line {number}: no {wanted}: {error}") from None
    return Message(device=line.device, channel=line.channel, payload=bytes(line.payload), received=received)
