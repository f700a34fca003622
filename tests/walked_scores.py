"""A signed month of assessment in both halls of the walk, with a sheet and an entry of whoever is at each place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection

from monitor.assessment.kept import packed
from monitor.assessment.model import ClaimKey, Entry, Ledger
from monitor.assessment.snapshot import BookUsed, OpenProposal, Sheet, Snapshot, UnknownSpan, Words
from monitor.store import closedperiods, ledgers, rulebooks
from monitor.supervision.assessment.books import shipped_text
from tests.http_app import NOW
from tests.people_at_work import PLACES
from tests.snapshots import CHOICES, line, sheet

SIGNED: Final = "2026-02"
DAY: Final = "2026-02-03"


def put_person(conn: Connection, place: str) -> str:
    """Whose sheet of the signed month lies at the place."""
    _sign(conn)
    return PLACES[place]["staff"]


def put_window(conn: Connection, place: str) -> str:
    _sign(conn)
    return PLACES[place]["window"]


def _sign(conn: Connection) -> None:
    """Both halls at once, at the first time."""
    for hall in sorted({at["hall"] for at in PLACES.values()}):
        if closedperiods.find(conn, hall, SIGNED) is not None:
            continue
        rulebooks.add(
            conn, hall=hall, first_month=SIGNED, name="tianyang", version="tianyang@walk",
            body=shipped_text("tianyang"), changed_by="test", changed_at=NOW,
        )  # fmt: skip
        places = {place: at for place, at in PLACES.items() if at["hall"] == hall}
        ledgers.insert_entries(conn, hall, [*_entries(places)], book="tianyang@walk", now=NOW, actor="test")
        body, digest = packed(_snapshot(hall, places), lambda: "salt")
        values = {
            "hall": hall, "period": SIGNED, "version": 1, "book": "tianyang@walk", "digest": digest, "inputs": "0",
            "closed_at": NOW, "closed_by": "test", "role": "supervision_head",
        }  # fmt: skip
        closedperiods.add(conn, values, body, [])


def _whom(places: dict[str, dict[str, str]]) -> Iterator[tuple[str, Ledger, str, dict[str, str]]]:
    for place, at in places.items():
        yield place, "window", at["window"], at
        yield place, "staff", at["staff"], at


def _entries(places: dict[str, dict[str, str]]) -> Iterator[Entry]:
    for place, ledger, whom, at in _whom(places):
        yield Entry(
            key=ClaimKey(ledger, whom, "A15", "mark", f"mark:{place}-fact"), revision=0, points=Decimal("-1.00"),
            month=SIGNED, of_month=SIGNED, at=NOW, date=date.fromisoformat(DAY), unit=at["unit"], window=at["window"],
            staff=at["staff"],
        )  # fmt: skip


def _snapshot(hall: str, places: dict[str, dict[str, str]]) -> Snapshot:
    sheets: dict[Ledger, list[Sheet]] = {"window": [], "staff": []}
    waiting, unknown = [], []
    names: dict[Any, dict[str, str]] = {"hall": {hall: hall}, "window": {}, "staff": {}, "unit": {}, "user": {}}
    for place, ledger, whom, at in _whom(places):
        names["window" if ledger == "window" else "staff"][whom] = f"«{place}»"
        told = line("A15", "§1", f"{place}-line", "-1.00", DAY, source="mark", fact=f"mark:{place}-fact",
                    window=at["window"], staff=at["staff"])  # fmt: skip
        sheets[ledger].append(sheet(whom, told, unit=at["unit"], window=at["window"]))
        unknown.append(UnknownSpan(subject=f"post:{place}-span", date=date.fromisoformat(DAY), why="unknown",
                                   **({"window": whom} if ledger == "window" else {"staff": whom})))  # fmt: skip
        waiting.append(
            OpenProposal(
                ledger=ledger,
                whom=whom,
                row="A15",
                article="§1",
                name=Words(f"{place}-open", f"{place}-open"),
                points=Decimal("-1.00"),
                date=date.fromisoformat(DAY),
                source="mark",
                fact=f"mark:{place}-open",
                why="unconfirmed",
                number=1,
                window=at["window"],
                staff=at["staff"],
            )  # fmt: skip
        )
    return Snapshot(
        hall=hall, name=hall, period=SIGNED, kind="month", version=1, state="closed", made_at=NOW, made_by="test",
        book=BookUsed(version="tianyang@walk", name="tianyang", title=Words("细则", "book")), policy="p",
        choices=CHOICES, inputs="0", people=tuple(sheets["staff"]), windows=tuple(sheets["window"]),
        proposals=tuple(waiting), unknown=tuple(unknown), names=names,
    )  # fmt: skip
