"""A real log of 1,434 permit applications through the whole program: counts, cards, twice, and in any order.

What is expected is counted here from the file's own columns, apart from the program: a case is late when it ended after
its deadline, its holder is whom the last step at or before the deadline names.
"""

from __future__ import annotations

import csv
import random
import sqlite3
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.halls import Commands

AS_OF = datetime(2012, 2, 1, tzinfo=UTC)
REPORT = {
    "completed_on_time": 952,
    "completed_late": 377,
    "open_overdue": 46,
    "open_within": 59,
    "judged_to": "2012-02-01T00:00:00+00:00",
}
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True, kw_only=True)
class Application:
    """One case of the file; `steps`: (time, person) of all its rows and its start."""

    id: str
    due: datetime
    end: datetime | None
    steps: tuple[tuple[datetime, str], ...]

    @property
    def late(self) -> bool:
        return self.end > self.due if self.end else self.due <= AS_OF

    @property
    def holders(self) -> set[str]:
        """Whom the last step at or before the deadline names; several where two steps share their time."""
        known = [(at, who) for at, who in self.steps if at <= self.due]
        last = max(at for at, _ in known)
        return {who for at, who in known if at == last}


@pytest.fixture(scope="module")
def log(data_dir: Path) -> list[dict[str, str]]:
    with (data_dir / "cases" / "receipt.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def applications(log: list[dict[str, str]]) -> dict[str, Application]:
    steps: dict[str, set[tuple[datetime, str]]] = {}
    for row in log:
        mine = steps.setdefault(row["case:concept:name"], set())
        mine.add((datetime.fromisoformat(row["case:startdate"]), row["case:responsible"]))
        mine.add((datetime.fromisoformat(row["time:timestamp"]), row["org:resource"]))
    found = {}
    for row in log:
        case, end = row["case:concept:name"], row["case:enddate"]
        found[case] = Application(
            id=case,
            due=datetime.fromisoformat(row["case:deadline"]),
            end=datetime.fromisoformat(end) if end else None,
            steps=tuple(sorted(steps[case])),
        )
    return found


def imported(folder: Path, file: Path) -> Commands:
    jiancha = Commands(folder)
    folder.mkdir(exist_ok=True)
    jiancha.run("cases", "import", str(file), "--map", "coselog-receipt", clock=None)
    return jiancha


def judged(jiancha: Commands) -> list[dict[str, Any]]:
    jiancha.json("judge", "--as-of", AS_OF.isoformat(), clock=None)
    cards: list[dict[str, Any]] = jiancha.json("cards", "list", clock=None)
    return cards


@pytest.fixture(scope="module")
def receipt(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> tuple[Commands, list[Any]]:
    """The log imported and judged, with its cards."""
    jiancha = imported(tmp_path_factory.mktemp("receipt"), data_dir / "cases" / "receipt.csv")
    return jiancha, judged(jiancha)


def report(jiancha: Commands, as_of: datetime = AS_OF) -> dict[str, Any]:
    counts: dict[str, Any] = jiancha.json("report", "cases", "--as-of", as_of.isoformat(), clock=None)
    return counts


def facts_of(cards: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Everything of the cards but when they were issued and their numbers."""
    names = ("rule", "level", "state", "cleared_at", "historic", "hall", "unit", "window", "staff", "since", "reason")
    return sorted(tuple(str(card[name]) for name in ("subject", *names)) for card in cards)


def test_the_report_counts_what_the_columns_say(receipt: tuple[Commands, list[Any]]) -> None:
    assert report(receipt[0]) == REPORT


def test_later_than_the_file_is_complete_nothing_more_is_known(receipt: tuple[Commands, list[Any]]) -> None:
    """The source's watermark is the map's as-of: silence after it proves nothing."""
    assert report(receipt[0], AS_OF + timedelta(days=90)) == REPORT


def test_every_late_case_and_no_other_has_a_yellow_card(
    receipt: tuple[Commands, list[Any]], applications: dict[str, Application]
) -> None:
    cards = {c["subject"]["id"].split("/", 1)[1]: c for c in receipt[1] if c["level"] != "reminder"}
    assert cards.keys() == {a.id for a in applications.values() if a.late}
    assert Counter((c["rule"], c["level"], c["historic"]) for c in cards.values()) == {
        ("case.limit", "yellow", True): 423
    }
    for card_id, card in cards.items():
        application = applications[card_id]
        assert datetime.fromisoformat(card["since"]) == application.due
        cleared = datetime.fromisoformat(card["cleared_at"]) if card["cleared_at"] else None
        assert cleared == application.end
        assert card["staff"] in application.holders, card_id


def test_open_cases_a_working_day_from_their_deadline_have_a_reminder(
    receipt: tuple[Commands, list[Any]], applications: dict[str, Application]
) -> None:
    """At midnight before Wednesday the 1st the close of Tuesday has passed: deadlines of that Wednesday are near."""
    near = {a.id for a in applications.values() if a.end is None and not a.late
            and a.due.astimezone(AMSTERDAM).date() <= AS_OF.date()}  # fmt: skip
    reminders = {c["subject"]["id"].split("/", 1)[1] for c in receipt[1] if c["level"] == "reminder"}
    assert reminders == near


def test_no_order_and_no_alert_comes_of_history(receipt: tuple[Commands, list[Any]]) -> None:
    jiancha, cards = receipt
    assert {card["historic"] for card in cards} == {True}
    assert not [row for row in jiancha.json("subjects", "list", clock=None) if row["kind"] == "order"]
    with sqlite3.connect(jiancha.folder / "jiancha.sqlite") as store:
        waiting = store.execute("select count(*) from card_event where planned_at is null").fetchone()
        deliveries = store.execute("select count(*) from delivery").fetchone()
    assert (waiting, deliveries) == ((0,), (0,))


def test_imported_and_judged_again_nothing_changes(receipt: tuple[Commands, list[Any]], data_dir: Path) -> None:
    jiancha, cards = receipt
    file = str(data_dir / "cases" / "receipt.csv")
    again = jiancha.json("cases", "import", file, "--map", "coselog-receipt", clock=None)
    assert (again["stored"], again["quarantined"], again["duplicates"] > 0) == (0, 0, True)
    assert judged(jiancha) == cards
    assert report(jiancha) == REPORT


def test_rows_in_another_order_give_the_same_cards(
    receipt: tuple[Commands, list[Any]], log: list[dict[str, str]], tmp_path: Path
) -> None:
    shuffled = tmp_path / "shuffled.csv"
    with shuffled.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(log[0]))
        writer.writeheader()
        writer.writerows(random.Random(5).sample(log, len(log)))
    other = imported(tmp_path / "other", shuffled)
    assert facts_of(judged(other)) == facts_of(receipt[1])
    assert report(other) == REPORT
