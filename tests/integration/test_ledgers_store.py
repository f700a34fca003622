"""The ledgers as the store keeps them: what is written is read, on both databases."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from monitor.store import ledgers
from monitor.store.engine import Store
from tests.assessed import HALL, NOW, entry, key, proposal

pytestmark = pytest.mark.both_databases


def test_entries_are_read_as_they_were_written(store: Store) -> None:
    late = entry(key("slot:1"), "-0.20", "2026-03-02", cards=(7,), figures={"minutes": 9, "charged": "person"})
    back = replace(late, revision=1, points=Decimal("0.20"), reverses=0, month="2026-04")
    other = entry(key("slot:2", whom="p2"), "-0.20", "2026-03-03", proposer="s1", confirmer="s2")
    with store.write() as conn:
        numbers = ledgers.insert_entries(conn, HALL, [late, back, other], book="trial@1", now=NOW, actor="system")
        ledgers.insert_entries(conn, "elsewhere", [late], book="trial@1", now=NOW, actor="system")
    with store.read() as conn:
        found = [replace(e, number=None) for e in ledgers.entries_of(conn, HALL)]
        assert found == [late, back, other]
        assert ledgers.entry(conn, numbers[1]) == (HALL, replace(back, number=numbers[1]))
        assert len(ledgers.entries_of(conn, HALL, months=["2026-03"])) == 2
        assert len(ledgers.entries_of(conn, HALL, of_months=["2026-03"])) == 3
        assert [e.revision for e in ledgers.entries_of_keys(conn, HALL, [late.key])] == [0, 1]
        assert len(ledgers.entries_of_rows(conn, HALL, ["A03"], ["p1"])) == 2
        assert len(ledgers.entries_of(conn, HALL, ledger="staff", whom="p2")) == 1
        assert ledgers.entries_of(conn, HALL, ledger="window") == []


def test_the_same_revision_is_posted_once(store: Store) -> None:
    late = entry(key("slot:1"), "-0.20", "2026-03-02")
    with store.write() as conn:
        ledgers.insert_entries(conn, HALL, [late], book="trial@1", now=NOW, actor="system")
    with pytest.raises(IntegrityError), store.write() as conn:
        ledgers.insert_entries(conn, HALL, [late], book="trial@1", now=NOW, actor="system")


def test_points_of_three_places_are_no_points() -> None:
    with pytest.raises(ValueError, match="two places"):
        ledgers.cents(Decimal("0.125"))


def test_an_open_proposal_is_written_over_and_a_decided_one_is_not(store: Store) -> None:
    first = proposal(key("slot:1"), "-0.50", "2026-03-02", figures={"a": 1}, cards=(3,))
    with store.write() as conn:
        [number] = ledgers.save_proposals(conn, HALL, [first], book="trial@1", now=NOW)
        ledgers.save_proposals(conn, HALL, [replace(first, number=number, points=Decimal(-1))], book="b", now=NOW)
    with store.write() as conn:
        assert ledgers.decide_proposal(conn, number, "confirmed", "s2", NOW)
        assert not ledgers.decide_proposal(conn, number, "rejected", "s3", NOW)
        ledgers.save_proposals(conn, HALL, [replace(first, number=number, state="withdrawn")], book="b", now=NOW)
    with store.read() as conn:
        stands = replace(first, number=number, points=Decimal("-1.00"), state="confirmed", decided_by="s2")
        assert ledgers.proposals_of(conn, HALL) == [stands]
        assert ledgers.proposals_of(conn, HALL, states=["open"]) == []
        assert ledgers.proposals_of(conn, HALL, months=["2026-03"]) == ledgers.proposals_of_keys(
            conn, HALL, [first.key]
        )
        assert ledgers.proposals_of(conn, HALL, months=["2026-04"]) == []


def test_a_version_that_was_read_is_swapped_once(store: Store) -> None:
    with store.write() as conn:
        assert ledgers.version(conn, HALL) == 0
        assert ledgers.swap(conn, HALL, 0)
        assert not ledgers.swap(conn, HALL, 0)
        assert ledgers.hold(conn, HALL) == 2
        assert ledgers.swap(conn, HALL, 2)
        assert ledgers.version(conn, HALL) == 3
        assert ledgers.version(conn, "elsewhere") == 0


def test_closed_months_are_months(store: Store) -> None:
    closed = [("2026-01", 1), ("2026-01", 2), ("2026-02", 1), ("2026-Q1", 1), ("2026-H1", 1), ("2026", 1)]
    rows = [
        {"hall": HALL, "period": p, "version": v, "book": "b", "digest": "d", "inputs": "i", "closed_at": NOW,
         "closed_by": "h1", "role": "supervision_head"}
        for p, v in closed
    ]  # fmt: skip
    with store.write() as conn:
        conn.execute(insert(ledgers.CLOSED), rows)
    with store.read() as conn:
        assert ledgers.closed_months(conn, HALL) == {"2026-01", "2026-02"}
