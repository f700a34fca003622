"""How the daemon stands (运行状态), off its store: what is due, what waits, who holds what, how much room is left."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from monitor.store import sessions
from monitor.store.alerts import ADDRESS, DELIVERY, PENDING, TIMER
from monitor.store.engine import Store
from monitor.store.gauges import SUBJECT


@dataclass(frozen=True, kw_only=True, slots=True)
class Disk:
    """Bytes: of the store with its log, and free beside it. Only of a file."""

    store: int
    free: int


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """`next_check`: when the judge next looks at a subject; `timers`: alert timers that are due; `pending`: messages
    not sent yet; `holders`: (client id at the broker, who holds its session) of the members of a shared group;
    `leases`: (receiver, until) while a sender works for it, real time.
    """

    due: int
    next_check: datetime | None
    timers: int
    pending: int
    leases: tuple[tuple[str, datetime], ...]
    holders: tuple[tuple[str, str], ...]
    disk: Disk | None


def state_of(store: Store, now: datetime, real_now: datetime) -> State:
    """`now` on the program's clock, by which it judges; `real_now` the wall's, by which it sends."""
    with store.read() as conn:

        def count(table: object, *where: object) -> int:
            return int(conn.execute(select(func.count()).select_from(table).where(*where)).scalar_one())  # type: ignore[arg-type]

        leases = conn.execute(select(ADDRESS.c.id, ADDRESS.c.lease_until).where(ADDRESS.c.lease_until > real_now))
        return State(
            due=count(SUBJECT, SUBJECT.c.next_check_at <= now),
            next_check=conn.execute(
                select(func.min(SUBJECT.c.next_check_at)).where(SUBJECT.c.next_check_at > now)
            ).scalar(),
            timers=count(TIMER, TIMER.c.due_at <= now),
            pending=count(DELIVERY, DELIVERY.c.state.in_(PENDING)),
            leases=tuple((row.id, row.lease_until) for row in leases.all()),
            holders=tuple((one.client_id, one.holder) for one in sessions.sessions(conn)),
            disk=disk_of(store),
        )


def disk_of(store: Store) -> Disk | None:
    """None for a database server's store, and where the file's folder is away. Asks the file system alone."""
    file = store.engine.url.database if store.is_sqlite else None
    if not file or file == ":memory:":
        return None
    paths = (Path(file), Path(f"{file}-wal"))
    try:
        size = sum(os.path.getsize(path) for path in paths if path.exists())
        return Disk(store=size, free=shutil.disk_usage(Path(file).resolve().parent).free)
    except OSError:
        return None
