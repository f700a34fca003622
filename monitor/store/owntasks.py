"""Tasks that the program itself opens and ends (考评待办): facts of a source of its own, judged like all others.

Each is an event of `program:HALL`, whose watermark is the clock: an act is stored where it is done, so what is not
stored was not done. Idempotent by event id, as all events are. docs/adr/0050.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, select, update

from monitor.model import SubjectRef, own_source
from monitor.store import subjects
from monitor.store.cycle import TASK, add_missing
from monitor.store.facts.tasks import TASK as EVENT
from monitor.store.payloads import PAYLOAD, by_month
from monitor.store.schema import RawEvent
from monitor.store.sql import chunks, insert, table_of

RAW: Final = table_of(RawEvent)
KIND: Final = "report"
"""报送: reminder the working day before, yellow when the due has passed, red some working days later."""


def opened(conn: Connection, rows: Iterable[Mapping[str, Any]], now: datetime) -> int:
    """Open those that there are not yet; how many. A row: hall, task, sort, period, due, unit, window."""
    wanted = {str(row["task"]): row for row in rows}
    known: set[str] = set()
    for batch in chunks(list(wanted)):
        known |= set(conn.execute(select(TASK.c.task).where(TASK.c.task.in_(batch))).scalars())
    new = [row for key, row in wanted.items() if key not in known]
    add_missing(conn, TASK, ({**row, "opened_at": now} for row in new))
    for row in new:
        _tell(conn, row["hall"], row["task"], "opened", now, {n: row[n] for n in ("due", "unit", "window")})
    return len(new)


def ended(conn: Connection, task: str, now: datetime, *, lifted_by: str | None = None) -> bool:
    """End it; False where it was ended or never opened. `lifted_by`: who freed from it, None: it was done."""
    still = (TASK.c.task == task, TASK.c.done_at.is_(None))
    done = conn.execute(
        update(TASK).where(*still).values(done_at=now, lifted_by=lifted_by).returning(TASK.c.hall)
    ).scalar()
    if done is None:
        return False
    _tell(conn, done, task, "answered" if lifted_by is None else "closed", now, {})
    return True


def _tell(
    conn: Connection, hall: str, task: str, event: Literal["opened", "answered", "closed"], now: datetime,
    more: Mapping[str, Any],
) -> None:  # fmt: skip
    source, key = own_source(hall), f"{task}:{event}"
    body = {"task": task, "kind": KIND, "event": event} | {n: v for n, v in more.items() if v is not None}
    payload = json.dumps({"id": key, "at": now, **body}, default=datetime.isoformat, sort_keys=True)
    raw = {
        "device": source, "event_id": key, "channel": "task", "at": now, "received": now, "boot": "",
        "payload_hash": hashlib.sha256(payload.encode()).hexdigest(), "payload": "" if by_month(conn) else payload,
    }  # fmt: skip
    statement = insert(conn, RAW).on_conflict_do_nothing(index_elements=["device", "event_id"])
    number = conn.execute(statement.values(**raw).returning(RAW.c.id)).scalar()
    if number is None:
        return
    if by_month(conn):
        conn.execute(PAYLOAD.insert().values(received=now, raw_event=number, at=now, payload=payload))
    fact = {"raw_event": number, "event_id": key, "source": source, "at": now, "received": now, "boot": "", **body}
    conn.execute(EVENT.insert().values(**fact))
    subjects.mark(conn, [SubjectRef(kind="task", key=task)], due=now)
