"""What people do with quarantine: replay after the cause is mended, dismiss with a reason (DESIGN §3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection, select, update

from monitor.ingest import quarantine
from monitor.ingest.adapters import Adapters
from monitor.ingest.check import FUTURE, Prepared, prepare
from monitor.ingest.decode import Message, Vendor
from monitor.ingest.quarantine import QUARANTINE, Held
from monitor.ingest.receipts import true_receipt
from monitor.ingest.writer import Outcome, Writing, store_prepared
from monitor.model import Event, Registry
from monitor.store.audit import Entry, record_all
from monitor.store.schema import SourceRow
from monitor.store.sql import table_of
from monitor.store.subjects import wake

SOURCE: Final = table_of(SourceRow)
IMPORT_AGAIN: Final = "改正后重新导入该文件，或不再处理 mend the cause and import the file again, or dismiss it"


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """Numbers of the rows that became facts (or turned out to be stored already), and of those still held with why."""

    released: tuple[int, ...]
    still_held: tuple[tuple[int, str, str], ...]
    """(number, reason, detail)"""


def replay(
    conn: Connection,
    registry: Registry,
    *,
    now: datetime,
    actor: str,
    ids: Sequence[int] | None = None,
    device: str | None = None,
    reason: str | None = None,
    adapters: Adapters | None = None,
    future: timedelta = FUTURE,
) -> Replayed:
    """Check and write open rows again, each with its original receipt time; without a filter all of them.

    The skew of a device's clock is what all its heartbeats say by now: those that came after an event held as `future`
    may be what mends it. So may those of other devices, which show that it was the daemon's clock (`receipts`): then
    the original receipt is wrong and is not kept.

    What came through an adapter is translated anew by `adapters`, as the adapter may be what was mended. A retained
    message is taken, as the person who replays it vouches for it. A row whose payload was not kept, or that is refused
    again, stays open under its present reason; so does one of a file, whose map is not at hand here: importing the
    file again takes it in. ValueError names ids that are not open.
    """
    held = [h for h in quarantine.listed(conn, device=device) if reason is None or h.reason == reason]
    if ids is not None:
        held = [h for h in held if h.id in set(ids)]
        _require_open(ids, held)
    imported = _imported(conn, registry)
    kept = [(h, h.payload) for h in held if h.payload is not None and h.device not in imported]
    messages = [_message(h, payload.encode(), adapters or Adapters()) for h, payload in kept]
    prepared = [
        _received(conn, registry, prepare(m, registry), h, now) for m, (h, _) in zip(messages, kept, strict=True)
    ]
    result = store_prepared(conn, prepared, registry, Writing(due=now, heard=now, future=future))
    released: list[Held] = []
    still = [(h.id, h.reason, "内容未保留 payload not kept") for h in held if h.payload is None]
    still += [(h.id, h.reason, IMPORT_AGAIN) for h in held if h.payload is not None and h.device in imported]
    for (row, _), outcome in zip(kept, result.outcomes, strict=True):
        if outcome.refused is None:
            released.append(row)
        else:
            _hold_again(conn, row, outcome)
            still.append((row.id, outcome.refused.reason, outcome.refused.detail))
    _resolve(conn, released, state="replayed", now=now, actor=actor, why="")
    return Replayed(released=tuple(h.id for h in released), still_held=tuple(sorted(still)))


def _received(conn: Connection, registry: Registry, again: Prepared, held: Held, now: datetime) -> Prepared:
    """With the receipt that is to be believed by now."""
    if held.reason != "future" or not isinstance(again.said, Event):
        return again
    received = true_receipt(conn, registry, again.said, now)
    if received == again.message.received:
        return again
    return prepare(msgspec.structs.replace(again.message, received=received), registry)


def _imported(conn: Connection, registry: Registry) -> set[str]:
    """Sources that are files, not devices."""
    found = conn.execute(select(SOURCE.c.id).where(SOURCE.c.kind == "import")).scalars()
    return set(found) - registry.devices.keys()


def _message(held: Held, payload: bytes, adapters: Adapters) -> Message:
    """The held message as it would come in now."""
    if held.topic is None:
        return Message(device=held.device, channel=held.channel, payload=payload, received=held.received)
    found = adapters.message(held.topic, payload, held.received)
    if found.vendor is not None and (found.vendor.ignored or not found.channel):
        why = "topic: no event for the adapters that are enabled; enable another, or dismiss it"
        vendor = Vendor(topic=held.topic, kept=payload, fault=("malformed", why))
        return Message(device=held.device, channel=held.channel, payload=b"", received=held.received, vendor=vendor)
    return found


def dismiss(conn: Connection, ids: Sequence[int], *, now: datetime, actor: str, why: str) -> None:
    """Give up open rows for good; ValueError without a reason, or for ids that are not open."""
    if not why.strip():
        raise ValueError("--reason: 须写明理由 a dismissal needs one")
    held = [h for h in quarantine.listed(conn) if h.id in set(ids)]
    _require_open(ids, held)
    _resolve(conn, held, state="dismissed", now=now, actor=actor, why=why)


def _resolve(conn: Connection, rows: Sequence[Held], *, state: str, now: datetime, actor: str, why: str) -> None:
    """Close rows; what they held back of their device's watermark is free, so who waits is judged again."""
    quarantine.close(conn, [h.id for h in rows], state=state, at=now, actor=actor, why=why)
    entries = [
        Entry(
            action=f"quarantine.{state}",
            object_kind="quarantine",
            object_id=str(h.id),
            body={"device": h.device, "channel": h.channel, "reason": h.reason, "event": h.event_id},
            private={"why": why} if why else {},
        )
        for h in rows
    ]
    record_all(conn, now, actor, entries)
    for device in sorted({h.device for h in rows}):
        wake(conn, device, until=now, due=now)


def _hold_again(conn: Connection, row: Held, outcome: Outcome) -> None:
    """Show the present reason of a row that is refused again; its digest stays that of what was sent."""
    refused = outcome.refused
    assert refused is not None
    if refused.reason != row.reason and not _taken(conn, row, refused.reason):
        conn.execute(
            update(QUARANTINE).where(QUARANTINE.c.id == row.id).values(reason=refused.reason, detail=refused.detail)
        )


def _taken(conn: Connection, row: Held, reason: str) -> bool:
    """Whether the same payload is already held for that other reason."""
    twins = quarantine.listed(conn, states=("open", "replayed", "dismissed"), device=row.device)
    return any(t.digest == row.digest and t.channel == row.channel and t.reason == reason for t in twins)


def _require_open(ids: Sequence[int], held: Sequence[Held]) -> None:
    missing = sorted(set(ids) - {h.id for h in held})
    if missing:
        numbers = ", ".join(map(str, missing))
        raise ValueError(f"quarantine: 没有待处理的 no open row numbered {numbers}; 见 see `jiancha quarantine list`")
