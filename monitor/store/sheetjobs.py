"""What is made in the background: asked for, taken by one maker at a time, kept until it expires. Callers commit.

`work` says what it is (`schema_sheets`): a sheet of attendance, a report, a draft or the closing of a period.

Every instant is real time: a maker's lease protects against a process that was killed, whatever the
program's clock does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from monitor.store.quick import QuickSelect
from monitor.store.schema_sheets import SheetJobRow
from monitor.store.sql import table_of

Work: TypeAlias = Literal["attendance", "report", "draft", "closing"]
JOB: Final = table_of(SheetJobRow)
OPEN: Final = ("queued", "running")
TRIES: Final = 3
"""So often a sheet is begun whose maker ended before it was done."""
_HEAD: Final = tuple(column for column in JOB.c if column.name != "body")


def add(conn: Connection, values: Mapping[str, Any]) -> int:
    """Ask for something; its number."""
    return int(conn.execute(insert(JOB).values(**values, state="queued").returning(JOB.c.id)).scalar_one())


def find(conn: Connection, number: int) -> Row[Any] | None:
    """Without its bytes."""
    return conn.execute(select(*_HEAD).where(JOB.c.id == number)).first()


def body(conn: Connection, number: int) -> bytes | None:
    found: bytes | None = conn.execute(select(JOB.c.body).where(JOB.c.id == number, JOB.c.state == "done")).scalar()
    return found


def listed(
    conn: Connection, works: Collection[Work], within: ColumnElement[bool], before: int | None, limit: int
) -> list[Row[Any]]:
    """The newest `limit` + 1 that fit, without their bytes."""
    chosen = [JOB.c.work.in_(sorted(works)), within]
    if before is not None:
        chosen.append(JOB.c.id < before)
    return list(conn.execute(select(*_HEAD).where(*chosen).order_by(JOB.c.id.desc()).limit(limit + 1)))


def newest(conn: Connection, works: Collection[Work], user: str, hall: str, month: str) -> Row[Any] | None:
    """Somebody's newest of the kinds for a hall's month or period, without its bytes."""
    mine = (JOB.c.asked_by == user, JOB.c.hall == hall, JOB.c.month == month, JOB.c.work.in_(sorted(works)))
    return conn.execute(select(*_HEAD).where(*mine).order_by(JOB.c.id.desc()).limit(1)).first()


def counts(conn: Connection, user: str, works: Collection[Work]) -> tuple[int, int]:
    """How many of somebody's are not made yet, and how many there are in all."""
    mine = (JOB.c.asked_by == user, JOB.c.work.in_(sorted(works)))
    query = select(JOB.c.state, func.count()).where(*mine).group_by(JOB.c.state)
    by_state = {state: int(n) for state, n in conn.execute(query)}
    return sum(by_state.get(state, 0) for state in OPEN), sum(by_state.values())


def _free(now: datetime | BindParameter[Any]) -> ColumnElement[bool]:
    """What waits, or whose maker's lease is over."""
    return or_(JOB.c.state == "queued", and_(JOB.c.state == "running", JOB.c.lease < now))


def any_free(conn: Connection, now: datetime) -> bool:
    """Whether there is one to be taken."""
    return bool(_ANY_FREE.run(conn, real=now))


FREE: Final = select(JOB.c.id).where(_free(bindparam("real", type_=JOB.c.lease.type))).limit(1)
"""One that can be taken at `real`."""
_ANY_FREE: Final = QuickSelect(lambda _: FREE)


def take(conn: Connection, maker: str, now: datetime, lease: datetime) -> Row[Any] | None:
    """The oldest that can be taken, for this maker; None: there is none, or another was faster."""
    free = _free(now)
    number = conn.execute(select(JOB.c.id).where(free).order_by(JOB.c.id).limit(1)).scalar()
    if number is None:
        return None
    values = {"state": "running", "maker": maker, "lease": lease, "tries": JOB.c.tries + 1, "done": 0}
    taken = conn.execute(update(JOB).where(JOB.c.id == number, free).values(values)).rowcount
    return find(conn, int(number)) if taken else None


def go_on(conn: Connection, number: int, maker: str, values: Mapping[str, Any]) -> bool:
    """Write something of a sheet that this maker has; False: it is another's, or gone."""
    mine = and_(JOB.c.id == number, JOB.c.maker == maker, JOB.c.state == "running")
    return bool(conn.execute(update(JOB).where(mine).values(dict(values))).rowcount)


def free_all(conn: Connection) -> int:
    """What some process had that is no more goes back; only where no other process can have it (SQLite)."""
    values = {"state": "queued", "maker": None, "lease": None}
    return int(conn.execute(update(JOB).where(JOB.c.state == "running").values(values)).rowcount)


def drop(conn: Connection, number: int) -> bool:
    """Take it away with its bytes, whatever its state: a maker that has it finds that it is gone."""
    _overwrite(conn)
    return bool(conn.execute(delete(JOB).where(JOB.c.id == number)).rowcount)


def expire(conn: Connection, now: datetime) -> int:
    """Take away what is past its time."""
    if conn.execute(select(JOB.c.id).where(JOB.c.expires <= now).limit(1)).first() is None:
        return 0
    _overwrite(conn)
    return int(conn.execute(delete(JOB).where(JOB.c.expires <= now)).rowcount)


def erase(conn: Connection) -> int:
    """Take away all that is made with names in it, and what is begun: somebody's name has to go from them. A closing
    holds none, and is not taken from under whoever signs.
    """
    named = and_(JOB.c.state.in_(("done", "running")), JOB.c.work != "closing")
    return int(conn.execute(delete(JOB).where(named)).rowcount)


def _overwrite(conn: Connection) -> None:
    """What is deleted is overwritten in the file, not only forgotten."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA secure_delete = ON")
