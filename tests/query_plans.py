"""What the product asks the store, and how the database goes about it: which big tables a statement reads whole."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Boolean, Connection, Date, DateTime, Float, Integer, LargeBinary, Table, event, text

from monitor.store.engine import Store
from monitor.store.schema import metadata

BIG: Final = (
    "raw_event", "raw_payload", "case_event", "task_event", "rating", "duty", "presence", "checkin", "heartbeat",
    "private_text", "subject", "subject_wait", "case_stat", "card", "card_event", "alert_item", "delivery", "attempt",
    "audit", "audit_private", "score_entry",
)  # fmt: skip
"""Tables that grow with every event, case or card."""
LONG_AGO: Final = datetime(2025, 6, 2, 1, 0, tzinfo=UTC)
ENDED: Final[Mapping[str, Mapping[str, Any]]] = {
    "subject": {"next_check_at": None, "verdict": "ok", "cause": None, "historic": False, "kind": "case"},
    "card": {"state": "closed", "historic": False, "appeal": None, "level": "yellow", "kind": "case"},
    "card_event": {"event": "issued", "planned_at": LONG_AGO},
    "delivery": {"state": "sent", "lease_token": None},
    "case_stat": {"historic": False},
    "rating": {"score": 5},
    "heartbeat": {"queue": 0},
    "audit": {"object_kind": "card"},
}
"""What most rows of a store are: settled, told, over."""


@dataclass
class Asked:
    """Statements by their text, with the parameters of the first time."""

    statements: dict[str, Any] = field(default_factory=dict)


@contextlib.contextmanager
def listening(store: Store) -> Iterator[Asked]:
    """Every SELECT, INSERT, UPDATE and DELETE that any connection of the store sends."""
    found = Asked()

    def heard(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            found.statements.setdefault(statement, parameters[0] if many else parameters)

    event.listen(store.engine, "before_cursor_execute", heard)
    try:
        yield found
    finally:
        event.remove(store.engine, "before_cursor_execute", heard)


def fill(store: Store, rows: int) -> None:
    """So many rows of the past in each big table, each different in its key columns, a minute after the last.

    PostgreSQL counts them once and not again: retention empties tables later, and of a table that its autovacuum has
    seen empty each way through is as good.
    """
    with store.write() as conn:
        for name in BIG:
            table = metadata.tables[name]
            conn.execute(table.insert(), [_row(table, n) for n in range(rows)])
    if store.is_sqlite:
        return  # the product keeps no statistics there: plans come from the shape alone
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        for name in conn.execute(text("SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND relnamespace = "
                                      "current_schema()::regnamespace")).scalars():  # fmt: skip
            conn.execute(text(f"ALTER TABLE {name} SET (autovacuum_enabled = off)"))
        conn.execute(text("VACUUM ANALYZE"))


def _row(table: Table, n: int) -> dict[str, Any]:
    fixed, row = ENDED.get(table.name, {}), {}
    for column in table.columns:
        if column.name in fixed:
            row[column.name] = fixed[column.name]
        else:
            row[column.name] = _value(column.type, column.name, n)
    return row


def _value(kind: Any, name: str, n: int) -> Any:
    kind = getattr(kind, "impl", kind)
    if isinstance(kind, DateTime):
        return LONG_AGO + timedelta(minutes=n)
    if isinstance(kind, Date):
        return date(2025, 6, 2)
    if isinstance(kind, LargeBinary):
        return b"x"
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Integer | Float):
        return 1_000_000 + n
    return {"n": n} if "JSON" in str(kind) else f"old-{name}-{n:05}"


def whole_reads(conn: Connection, statement: str, parameters: Any) -> list[str]:
    """The big tables that the statement reads from end to end, each with the step of the plan that does.

    Not counted: an index of few rows (one with a WHERE) read whole; what is read in an order up to a LIMIT.
    """
    if conn.dialect.name == "sqlite":
        return _sqlite(conn, statement, parameters)
    for way in ("seqscan", "hashjoin", "mergejoin"):  # few rows here: not what it prefers, but what it could do
        conn.exec_driver_sql(f"SET LOCAL enable_{way} = off")
    [[[plan]]] = conn.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).all()
    few = set(conn.exec_driver_sql("SELECT relname FROM pg_class JOIN pg_index ON indexrelid = oid "
                                   "WHERE indpred IS NOT NULL").scalars())  # fmt: skip
    return list(_postgresql(plan["Plan"], few, page=_is_page(statement)))


def _sqlite(conn: Connection, statement: str, parameters: Any) -> list[str]:
    steps = [str(row[3]) for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    few = set(conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'")
              .scalars())  # fmt: skip
    limited = _is_page(statement) and not any("TEMP B-TREE FOR ORDER BY" in step for step in steps)
    aliases = {alias: name for name, alias in re.findall(r'"?(\w+)"? AS "?(\w+)"?', statement)}
    found = []
    for step in steps:
        words = step.split()
        if words[0] != "SCAN" or aliases.get(words[1], words[1]) not in BIG:
            continue
        if not limited and not few.intersection(words):
            found.append(f"{words[1]}: {step}")
    return found


def _is_page(statement: str) -> bool:
    """Whether it wants the first rows of an order, or the last number of all. Without an order it may look through all
    for the one that it wants.
    """
    if statement.startswith("SELECT max(") and "WHERE" not in statement:
        return True
    return "LIMIT" in statement and "ORDER BY" in statement


def _postgresql(node: dict[str, Any], few: set[str], *, page: bool, limited: bool = False) -> Iterator[str]:
    kind = node["Node Type"]
    name = str(node.get("Relation Name", "")).removesuffix("_default")
    if name in BIG and not limited:
        is_narrowed = "Index Cond" in node or node.get("Index Name") in few or "TID Cond" in node
        if kind == "Seq Scan" or (kind in ("Index Scan", "Index Only Scan") and not is_narrowed):
            yield f"{name}: {kind} {node.get('Index Name', '')}".strip()
    if kind == "Bitmap Index Scan" and "Index Cond" not in node and node["Index Name"] not in few:
        yield f"{node['Index Name']}: {kind}"
    ordered = ("Nested Loop", "Subquery Scan", "Append", "Merge Append", "LockRows", "Incremental Sort")
    below = (kind == "Limit" and page) or (limited and kind in ordered)
    for inner in node.get("Plans", ()):
        yield from _postgresql(inner, few, page=page, limited=below)
