"""The real log of 1,434 applications replayed under the ladder of Yulin: every card counted apart from the program.

What is expected is made here from the file's own columns. Yulin is yellow when 90 % of the working time up to the
deadline has gone by and the case is still open, red when the deadline has passed. By default a case is yellow there.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.halls import Commands

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
AS_OF = datetime(2012, 2, 1, tzinfo=UTC)
SESSIONS = ((time(8, 30), time(12)), (time(12, 30), time(17)))
"""Of every Monday to Friday: config/calendar/weekdays-amsterdam.toml."""
Span = tuple[datetime, datetime]
Card = tuple[str, datetime]


@dataclass(frozen=True, kw_only=True)
class Application:
    start: datetime
    due: datetime
    end: datetime | None

    def is_open_at(self, instant: datetime) -> bool:
        """Known to be: an end at the very instant is in time, and nothing is known after the file's own end."""
        return self.end > instant if self.end else instant <= AS_OF

    def by_default(self) -> Card | None:
        return ("yellow", self.due) if self.is_open_at(self.due) else None

    def in_yulin(self) -> Card | None:
        if self.is_open_at(self.due):
            return "red", self.due
        near = self.nearly_due()
        return ("yellow", near) if near is not None and self.is_open_at(near) else None

    def nearly_due(self) -> datetime | None:
        """Where 90 % of the working time is used up, found by walking through the sessions."""
        spans = [(max(a, self.start), min(b, self.due)) for a, b in sessions(self.start, self.due)]
        spans = [(a, b) for a, b in spans if a < b]
        left = sum((b - a for a, b in spans), timedelta()) * 0.9
        for a, b in spans:
            if left <= b - a:
                return a + left
            left -= b - a
        return None


def sessions(first: datetime, last: datetime) -> Iterator[Span]:
    day = first.astimezone(AMSTERDAM).date()
    while day <= last.astimezone(AMSTERDAM).date():
        if day.weekday() < 5:
            for opens, closes in SESSIONS:
                yield tuple(datetime.combine(day, at, AMSTERDAM).astimezone(UTC) for at in (opens, closes))  # type: ignore[misc]
        day += timedelta(days=1)


@pytest.fixture(scope="module")
def applications(data_dir: Path) -> dict[str, Application]:
    with (data_dir / "cases" / "receipt.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["case:concept:name"]: row for row in csv.DictReader(file)}
    return {
        case: Application(
            start=datetime.fromisoformat(row["case:startdate"]).astimezone(UTC),
            due=datetime.fromisoformat(row["case:deadline"]).astimezone(UTC),
            end=datetime.fromisoformat(row["case:enddate"]).astimezone(UTC) if row["case:enddate"] else None,
        )
        for case, row in rows.items()
    }


@pytest.fixture(scope="module")
def jiancha(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Commands:
    """The log imported and judged by the default policy."""
    commands = Commands(tmp_path_factory.mktemp("receipt"))
    file = str(data_dir / "cases" / "receipt.csv")
    commands.run("cases", "import", file, "--map", "coselog-receipt", clock=None)
    commands.json("judge", "--as-of", AS_OF.isoformat(), clock=None)
    return commands


def replay(jiancha: Commands, policy: str, first: str, last: str) -> dict[str, Any]:
    found: dict[str, Any] = jiancha.json(
        "replay", "--policy", policy, "--from", first, "--to", last, "--rule", "case.limit", clock=None
    )
    return found


def same_time(one: datetime, other: datetime) -> bool:
    return abs(one - other) < timedelta(milliseconds=1)


PERIODS = {
    "all of the log": ("2010-01-01T00:00:00Z", "2012-02-01T00:00:00Z"),
    "one quarter": ("2011-04-01T00:00:00Z", "2011-07-01T00:00:00Z"),
}


@pytest.mark.parametrize("name", PERIODS)
def test_yulin_beside_the_default(name: str, jiancha: Commands, applications: dict[str, Application]) -> None:
    """More, fewer and moved, case by case; a period takes a card by the instant at which it reached its level."""
    first, last = PERIODS[name]
    start, end = datetime.fromisoformat(first), datetime.fromisoformat(last)

    def reached(card: Card | None) -> Card | None:
        return card if card and card[1] < end else None

    def inside(card: Card | None) -> bool:
        return card is not None and start <= card[1]

    expected: dict[str, tuple[str, Card | None, Card | None]] = {}
    for case, application in applications.items():
        issued, other = reached(application.by_default()), reached(application.in_yulin())
        near = application.nearly_due()
        if other is None and near is not None and near < end and application.in_yulin() is not None:
            other = ("yellow", near)  # it turned red only after the period
        if inside(issued) or inside(other):
            expected[case] = ("moved" if issued and other else "more" if other else "fewer", issued, other)
    result = replay(jiancha, "yulin", first, last)
    found = {one["subject"]["id"].split("/", 1)[1]: one for one in result["differences"]}
    assert found.keys() == expected.keys()
    for case, (change, issued, other) in expected.items():
        one = found[case]
        assert (one["change"], one["cause"]) == (change, "policy"), case
        for side, card in (("issued", issued), ("replayed", other)):
            if card is None:
                assert one[side] is None, case
            else:
                assert one[side]["level"] == card[0], case
                assert same_time(datetime.fromisoformat(one[side]["since"]), card[1]), case
    totals = result["totals"]
    assert totals["issued"] == sum(inside(issued) for _, issued, _ in expected.values())
    assert totals["replayed"] == sum(inside(other) for _, _, other in expected.values())
    counted = totals["issued"] + totals["more"] - totals["fewer"] + totals["moved_in"] - totals["moved_out"]
    assert counted == totals["replayed"]
    assert totals["same"] == 0
    assert not result["failed"]


def test_the_parts_sum_to_the_whole(jiancha: Commands) -> None:
    result = replay(jiancha, "yulin", *PERIODS["all of the log"])
    for name in ("issued", "replayed", "more", "moved"):
        assert sum(row[name] for row in result["by"]) == result["totals"][name] > 0
    assert result["totals"]["issued"] == result["totals"]["moved"] == 423


def test_the_default_beside_itself_is_the_same(jiancha: Commands) -> None:
    result = replay(jiancha, "default", *PERIODS["all of the log"])
    assert result["differences"] == []
    assert (result["totals"]["issued"], result["totals"]["same"]) == (423, 423)
