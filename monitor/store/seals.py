"""The chain of seals (封印) over audit rows (DESIGN §10): reading rows and seals, adding seals.

What a seal says is made and checked in `ops.audit`, with a key that lies outside the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, func, select
from sqlalchemy.exc import IntegrityError

from monitor.store.audit import AUDIT, PRIVATE
from monitor.store.schema import Seal
from monitor.store.sql import table_of

SEAL: Final = table_of(Seal)
_UNSEALED: Final = AUDIT.outerjoin(SEAL, SEAL.c.audit_id == AUDIT.c.id)


class Collided(RuntimeError):
    """Another sealer was faster; nothing was added. Read the head again and seal what is left."""


def head(conn: Connection) -> Row[Any] | None:
    """The last seal (no, mac); None where nothing is sealed."""
    query: Select[Any] = select(SEAL.c.no, SEAL.c.mac)
    return conn.execute(query.order_by(SEAL.c.no.desc()).limit(1)).first()


def head_text(conn: Connection) -> str:
    """NO:MAC of the last seal, as it is kept elsewhere; empty where nothing is sealed."""
    last = head(conn)
    return f"{last.no}:{last.mac}" if last is not None else ""


def seal_of(conn: Connection, no: int) -> Row[Any] | None:
    return conn.execute(select(SEAL).where(SEAL.c.no == no)).first()


def last_sealed(conn: Connection) -> int:
    """The largest id of a sealed audit row; 0 where there is none."""
    return int(conn.execute(select(func.max(SEAL.c.audit_id))).scalar() or 0)


def unsealed(conn: Connection, *, above: int, limit: int) -> Sequence[Row[Any]]:
    """Audit rows without a seal and with a larger id than `above`, in the order of their ids."""
    query = select(AUDIT).select_from(_UNSEALED).where(SEAL.c.audit_id.is_(None), AUDIT.c.id > above)
    return conn.execute(query.order_by(AUDIT.c.id).limit(limit)).all()


def count_unsealed(conn: Connection) -> int:
    query: Select[Any] = select(func.count()).select_from(_UNSEALED).where(SEAL.c.audit_id.is_(None))
    return int(conn.execute(query).scalar_one())


def unsealed_between(conn: Connection, low: int, high: int) -> int | None:
    """The id of the first unsealed row between two others."""
    query = select(AUDIT.c.id).select_from(_UNSEALED).where(SEAL.c.audit_id.is_(None))
    found: int | None = conn.execute(
        query.where(AUDIT.c.id > low, AUDIT.c.id < high).order_by(AUDIT.c.id).limit(1)
    ).scalar()
    return found


def add(conn: Connection, seals: Sequence[dict[str, Any]]) -> None:
    """Append seals; all or, where another sealer took one of their places, none: then Collided is raised."""
    rows = list(seals)
    try:
        if conn.dialect.name == "postgresql":  # in one statement: a pipeline that fails is noisy in the driver
            conn.execute(SEAL.insert().values(rows))
        else:
            conn.execute(SEAL.insert(), rows)
    except IntegrityError as error:
        raise Collided(str(error.orig)) from error


def sealed_rows(conn: Connection, size: int) -> Iterator[list[Row[Any]]]:
    """Every seal by number with its audit row (its columns are NULL where the row is gone), in batches.

    Columns: no, audit_id, prev, mac, and id, at, actor, action, object_kind, object_id, body.
    """
    query = select(SEAL, *AUDIT.c).select_from(SEAL.outerjoin(AUDIT, AUDIT.c.id == SEAL.c.audit_id))
    after = None
    while True:
        page = query if after is None else query.where(SEAL.c.no > after)
        rows = list(conn.execute(page.order_by(SEAL.c.no).limit(size)))
        if not rows:
            return
        yield rows
        after = rows[-1].no


def unsealed_rows(conn: Connection, size: int) -> Iterator[Sequence[Row[Any]]]:
    """Every audit row without a seal, in batches by id."""
    after = _BELOW_ALL
    while rows := unsealed(conn, above=after, limit=size):
        yield rows
        after = rows[-1].id


def private_of(conn: Connection, ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The private values of audit rows, by audit id; read as a span, so that one statement takes any number."""
    found: dict[int, list[Row[Any]]] = {}
    if not ids:
        return found
    wanted = set(ids)
    for row in conn.execute(select(PRIVATE).where(PRIVATE.c.audit.between(min(wanted), max(wanted)))):
        if row.audit in wanted:
            found.setdefault(row.audit, []).append(row)
    return found


def orphans(conn: Connection, limit: int) -> list[int]:
    """Ids of audit rows that are gone and have left private values behind."""
    query = select(PRIVATE.c.audit).select_from(PRIVATE.outerjoin(AUDIT, AUDIT.c.id == PRIVATE.c.audit))
    gone = query.where(AUDIT.c.id.is_(None)).distinct().order_by(PRIVATE.c.audit).limit(limit)
    return [int(number) for number in conn.execute(gone).scalars()]


def of_object(conn: Connection, kind: str, key: str) -> Sequence[Row[Any]]:
    """The audit rows about one object with their seals (no and mac are NULL where there is none yet), by id."""
    joined = AUDIT.outerjoin(SEAL, SEAL.c.audit_id == AUDIT.c.id)
    query: Select[Any] = select(*AUDIT.c, SEAL.c.no, SEAL.c.prev, SEAL.c.mac).select_from(joined)
    wanted = and_(AUDIT.c.object_kind == kind, AUDIT.c.object_id == key)
    return conn.execute(query.where(wanted).order_by(AUDIT.c.id)).all()


_BELOW_ALL: Final = -(2**63)
