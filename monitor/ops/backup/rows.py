"""Tables as they lie in a database of any revision: their rows as JSON lines, and a digest that no order changes.

The tables are reflected, not those of `monitor.store.schema`: a backup may be made before `db upgrade`, and one of an
older revision is restored as what it was before it is upgraded.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, TypeAlias

import msgspec
from sqlalchemy import JSON, Column, Connection, Date, DateTime, LargeBinary, MetaData, Table, event, inspect, select
from sqlalchemy.types import TypeEngine

from monitor.store import payloads
from monitor.store.migrate import VERSION_TABLE
from monitor.store.payloads import Month
from monitor.store.sql import chunks

BATCH: Final = 1000
FILES: Final = 4
_MODULUS: Final = 1 << 256
_JSON: Final = msgspec.json.Encoder(order="sorted")


@dataclass(frozen=True, kw_only=True, slots=True)
class TableSum:
    """What a table holds: its columns, how many rows, and the sum of the SHA-256 of all of them modulo 2^256.

    A sum and no hash of hashes: databases sort texts differently, and it says the same in any order.
    """

    columns: tuple[str, ...]
    rows: int
    digest: str


class Summer:
    """Adds lines up to a TableSum."""

    def __init__(self, columns: Iterable[str]) -> None:
        self._columns, self._rows, self._total = tuple(columns), 0, 0

    def add(self, line: bytes) -> None:
        self._rows += 1
        self._total = (self._total + int.from_bytes(hashlib.sha256(line).digest())) % _MODULUS

    def sum(self) -> TableSum:
        return TableSum(columns=self._columns, rows=self._rows, digest=f"{self._total:064x}")


def tables_of(conn: Connection, among: Iterable[str] | None = None) -> list[Table]:
    """The tables of the database by name, without the one that holds its revision, and without partitions, whose rows
    are those of the table above; `among`: only these.
    """
    wanted = set(inspect(conn).get_table_names()) - {VERSION_TABLE} - payloads.partitions(conn)
    if among is not None:
        wanted &= set(among)
    metadata = MetaData()
    event.listen(metadata, "column_reflect", _as_stored)
    metadata.reflect(conn, only=sorted(wanted))
    return [metadata.tables[name] for name in sorted(wanted)]


def _as_stored(_inspector: Any, _table: Table, column: dict[str, Any]) -> None:
    """A missing JSON value is NULL, as in the schema, not the JSON word null."""
    if isinstance(column["type"], JSON):
        column["type"] = JSON(none_as_null=True)


def lines_of(conn: Connection, table: Table) -> Iterator[bytes]:
    """Every row as one line: a JSON array in the order of the columns, without its end."""
    special = _special(table, _encoder)
    # of the statement, not of the connection: with the latter PostgreSQL would open a cursor for whatever comes after
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_batch_of(table))
    for rows in conn.execute(query).partitions():
        for row in rows:
            values = list(row)
            for place, encode in special:
                if values[place] is not None:
                    values[place] = encode(values[place])
            yield _JSON.encode(values)


def sum_of(conn: Connection, table: Table) -> TableSum:
    """What the table holds now."""
    summer = Summer(column.name for column in table.columns)
    for line in lines_of(conn, table):
        summer.add(line)
    return summer.sum()


def fill(conn: Connection, table: Table, lines: Iterable[bytes]) -> None:
    """Insert rows as `lines_of` gave them."""
    special = _special(table, _decoder)
    names = [column.name for column in table.columns]
    for some in chunks(lines, _batch_of(table)):
        batch = []
        for line in some:
            values = msgspec.json.decode(line)
            for place, decode in special:
                if values[place] is not None:
                    values[place] = decode(values[place])
            batch.append(dict(zip(names, values, strict=True)))
        conn.execute(table.insert(), batch)


def months_of(table: Table, lines: Iterable[bytes]) -> set[Month]:
    """The months of the rows of `raw_payload`."""
    place = list(table.columns.keys()).index("received")
    texts = {msgspec.json.decode(line)[place][:7] for line in lines}  # as _instant wrote them: in UTC
    return {Month.of(datetime.fromisoformat(f"{text}-01T00:00:00+00:00")) for text in texts}


def _batch_of(table: Table) -> int:
    """Rows held at once: few where they carry files."""
    return FILES if any(isinstance(column.type, LargeBinary) for column in table.columns) else BATCH


def continue_numbering(conn: Connection, tables: Iterable[Table]) -> None:
    """PostgreSQL counts row numbers apart from the rows: go on after the largest. SQLite looks at the rows."""
    if conn.dialect.name != "postgresql":
        return
    quote = conn.dialect.identifier_preparer.quote
    for table in tables:
        for column in table.primary_key.columns:
            sequence = _sequence(conn, quote(table.name), column)
            if sequence is not None:
                name = quote(column.name)
                conn.exec_driver_sql(
                    f"SELECT setval('{sequence}', coalesce(max({name}), 1), max({name}) IS NOT NULL) "  # noqa: S608
                    f"FROM {quote(table.name)}"
                )


def _sequence(conn: Connection, table: str, column: Column[Any]) -> str | None:
    asked = {"t": table, "c": column.name}
    found: str | None = conn.exec_driver_sql("SELECT pg_get_serial_sequence(%(t)s, %(c)s)", asked).scalar()
    return found


Code: TypeAlias = Callable[[Any], Any]


def _special(table: Table, code_of: Callable[[TypeEngine[Any]], Code | None]) -> list[tuple[int, Code]]:
    """The columns whose values JSON does not carry as they are, by place."""
    found = [(place, code_of(column.type)) for place, column in enumerate(table.columns)]
    return [(place, code) for place, code in found if code is not None]


def _encoder(kind: TypeEngine[Any]) -> Code | None:
    if isinstance(kind, DateTime):
        return _instant
    if isinstance(kind, Date):
        return date.isoformat
    if isinstance(kind, LargeBinary):
        return lambda value: base64.b64encode(value).decode()
    return None


def _instant(value: datetime) -> str:
    """UTC; SQLite gives it without an offset."""
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return aware.isoformat(timespec="microseconds")


def _decoder(kind: TypeEngine[Any]) -> Code | None:
    if isinstance(kind, DateTime):
        return datetime.fromisoformat
    if isinstance(kind, Date):
        return date.fromisoformat
    if isinstance(kind, LargeBinary):
        return base64.b64decode
    return None
