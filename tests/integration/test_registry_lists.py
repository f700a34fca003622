"""Lists of the registry and of plans on both databases: pages by key, words in names, whose they are."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from monitor.access import Principal
from monitor.ingest.registry import apply, compare
from monitor.ingest.registry_checks import Known
from monitor.ingest.tables import tables_of
from monitor.store.engine import Store
from monitor.store.plans import KINDS, save_plans
from monitor.store.registry import load_registry
from monitor.supervision import planlist, registrylist
from monitor.supervision.planlist import begin_of, counts_of, opened_begin, plans_of
from monitor.supervision.registrylist import TABLES, count_of, key_of, require_key, rows_of

NOW: Final = datetime(2026, 3, 4, 1, tzinfo=UTC)
ADMIN: Final = Principal(id="a", role="administrator")
DUTY: Final = Principal(id="d", role="duty_supervisor", halls=frozenset({"h1"}))
SOME: Final[dict[str, list[dict[str, Any]]]] = {
    "halls": [{"id": "h1"}, {"id": "h2"}],
    "units": [{"id": f"u{n}", "hall": f"h{n}"} for n in (1, 2)],
    "windows": [{"id": f"w{n}", "unit": f"u{1 + n % 2}", "name": f"{n} 号"} for n in range(5)],
    "staff": [{"id": f"s{n}", "unit": f"u{1 + n % 2}", "name": "甲_乙" if n == 3 else "丙"} for n in range(5)],
    "posts": [
        {"window": f"w{n}", "staff": f"s{n}", "from": day} for n in range(5) for day in ("2026-01-01", "2026-02-01")
    ],
    "items": [{"id": f"i{n}", "unit": f"u{1 + n % 2}", "promised": 3} for n in range(3)],
    "devices": [{"id": f"d{n}", "kind": "camera", "hall": f"h{1 + n % 2}"} for n in range(4)],
}


@pytest.mark.both_databases
def test_every_row_once_and_only_ones_own(store: Store) -> None:
    with store.write() as conn:
        known = Known(registry=load_registry(conn), calendars=frozenset(), presets=frozenset())
        tables = tables_of(SOME, "x")
        seen = compare(conn, tables, known=known).digest
        apply(conn, tables, known=known, now=NOW, actor="t", seen=seen)
    with store.read() as conn:
        for table in TABLES:
            for who in (ADMIN, DUTY):
                found, after = [], None
                while after is not None or not found:
                    page = rows_of(conn, who, registrylist.Asked(table=table, after=after), 2)
                    found += [key_of(table, row) for row in page[:2]]
                    after = require_key(table, found[-1]) if len(page) > 2 else None
                    if after is None:
                        break
                assert found == sorted(set(found)), table
                assert len(found) == count_of(conn, who, registrylist.Asked(table=table))
                assert (len(found) == len(SOME[table])) == (who is ADMIN), table
        word = registrylist.Asked(table="posts", word="甲_乙")
        assert {row["staff"] for row in rows_of(conn, ADMIN, word)} == {"s3"}
        assert rows_of(conn, ADMIN, registrylist.Asked(table="staff", word="%")) == []
    _plans(store)


def _plans(store: Store) -> None:
    day = timedelta(days=1)
    leave = {"kind": "sick", "approver": None, "approved_at": None, "letter": None, "filed_at": None}
    rows = {
        "leave": [
            {"id": f"l{n}", "staff": f"s{n}", "starts": NOW + n * day, "ends": NOW + (n + 2) * day, **leave}
            for n in range(5)
        ],
        "rota": [{"id": f"r{n}", "day": date(2026, 3, 4 + n), "role": "值班长", "staff": f"s{n}"} for n in range(5)],
        "shifts": [
            {"id": f"t{n}", "hall": f"h{n}", "unit": None, "staff": None, "preset": "x", "valid_from": None,
             "valid_to": date(2026, 4, 1)}
            for n in (1, 2)
        ],
        "closures": [
            {"id": "c1", "hall": None, "window": "w1", "starts": NOW, "ends": NOW + day, "why": ""},
            {"id": "c2", "hall": "h1", "window": None, "starts": NOW, "ends": NOW + day, "why": ""},
        ],
    }  # fmt: skip
    with store.write() as conn:
        save_plans(conn, rows, load_registry(conn), NOW)
    first, last = date(2026, 3, 4), date(2026, 3, 31)
    own = {"leave": {"l0", "l2", "l4"}, "rota": {"r0", "r2", "r4"}, "shifts": {"t1"}, "closures": {"c2"}}
    with store.read() as conn:
        for kind in KINDS:
            for who in (ADMIN, DUTY):
                found: list[str] = []
                after = None
                while True:
                    asked = planlist.Asked(kind=kind, first=first, last=last, after=after)
                    page = plans_of(conn, who, asked, 2)
                    found += [row["id"] for row in page[:2]]
                    if len(page) <= 2:
                        break
                    after = (opened_begin(kind, begin_of(kind, page[1])), page[1]["id"])
                wanted = {row["id"] for row in rows.get(kind, [])} if who is ADMIN else own.get(kind, set())
                assert set(found) == wanted, kind
                assert len(found) == len(wanted)
                assert counts_of(conn, who, asked)[kind] == len(wanted)
        late = planlist.Asked(kind="leave", first=date(2026, 3, 9), last=last)
        assert {row["id"] for row in plans_of(conn, ADMIN, late)} >= {"l4"}
        assert "l0" not in {row["id"] for row in plans_of(conn, ADMIN, late)}
        assert [
            row["id"] for row in plans_of(conn, ADMIN, planlist.Asked(kind="leave", first=first, last=last, word="甲_"))
        ] == ["l3"]
