"""A year of a small hall by Tongshan's book through the commands: simulated, judged, assessed, decided, signed off.

What is signed is held against a plain reading of what the devices sent (tests/plain_year.py), entry for entry.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from bench.madepractice import CLERK, HALL, HEAD, JUDGE, PROMISES, Practice, Size, kind, registry_of, worked_at
from monitor.assessment.scores import months_of
from tests import forked, plain_year
from tests.plain_year import Plain, workdays

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

SIZE: Final = Size(windows=10, people=30)
AFTER: Final = date(SIZE.year + 1, 1, 1)
CENT: Final = Decimal("0.01")
Snapshot = Mapping[str, Any]


class Kept(Practice):
    """Its commands need no start of their own, and the lines of the devices stay."""

    def run(self, phase: str, now: datetime, *words: str, statuses: Sequence[int] = (0,)) -> str:
        told = ["--config", str(self.folder / "jiancha.toml"), *words]
        done = forked.run(told, env=self._environment(now), cwd=self.folder, timeout=600)
        assert done.returncode in statuses, f"{phase}: {words}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def take_in(self, month: str, lines: Path) -> None:
        kept = lines.with_suffix(".kept")
        kept.hardlink_to(lines)
        super().take_in(month, lines)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Practice:
    made = Kept(tmp_path_factory.mktemp("year"), SIZE)
    made.whole()
    return made


@pytest.fixture(scope="module")
def signed(year: Practice) -> Mapping[str, Snapshot]:
    return {period: year.snapshot(period) for period in year.periods()}


@pytest.fixture(scope="module")
def plain(year: Practice) -> Plain:
    return plain_year.read(year.folder / f"{month}.kept" for month in SIZE.names)


@pytest.fixture(scope="module")
def windows() -> Mapping[str, str]:
    """The window of each person who has one."""
    return {post["staff"]: post["window"] for post in registry_of(SIZE)["posts"]}


@pytest.fixture(scope="module")
def proposed(year: Practice) -> Sequence[Mapping[str, Any]]:
    words = ("assess", "proposals", "--hall", HALL, "--state", "all", "--json")
    found = [json.loads(year.run("list", year.end, *words, "--month", month)) for month in SIZE.names]
    return [one for some in found for one in some]


def belonging() -> Mapping[str, Sequence[str]]:
    """Of each window its A, then its B."""
    found: dict[str, list[str]] = {}
    for post in sorted(registry_of(SIZE)["posts"], key=lambda post: post["rank"]):
        found.setdefault(post["window"], []).append(post["staff"])
    return found


def months(signed: Mapping[str, Snapshot]) -> list[Snapshot]:
    return [snapshot for period, snapshot in signed.items() if kind(period) == "month"]


def sheets(snapshot: Snapshot) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for ledger, whose in (("staff", "people"), ("window", "windows")):
        yield from ((ledger, sheet) for sheet in snapshot[whose])


def lines(signed: Mapping[str, Snapshot], row: str) -> Counter[tuple[str, str, str, str]]:
    """(ledger, whom, fact, day) of each line of the row in the months."""
    return Counter(
        (ledger, sheet["id"], line["fact"], line["date"])
        for snapshot in months(signed)
        for ledger, sheet in sheets(snapshot)
        for line in sheet["lines"]
        if line["row"] == row
    )


def test_all_periods_are_signed_and_intact(year: Practice) -> None:
    found = year.verify()
    assert sorted(one["period"] for one in found) == sorted(year.periods())
    assert len(found) == 12 + 4 + 2 + 1
    assert all(one["intact"] and one["closed_by"] == HEAD for one in found)


def test_the_lines_of_every_sheet_add_up_to_its_score(signed: Mapping[str, Snapshot]) -> None:
    counted = 0
    for period, snapshot in signed.items():
        for _, sheet in sheets(snapshot):
            parts = [*sheet["lines"], *sheet["adjustments"]]
            total = Decimal(sheet["start"]) + sum(Decimal(part["points"]) for part in parts)
            assert total == Decimal(sheet["points"]), (period, sheet["id"])
            counted += 1
    assert counted == 19 * (SIZE.windows + SIZE.people)


def test_longer_periods_are_the_mean_of_the_months_as_signed(signed: Mapping[str, Snapshot]) -> None:
    of_month = {
        (snapshot["period"], ledger, sheet["id"]): Decimal(sheet["points"])
        for snapshot in months(signed)
        for ledger, sheet in sheets(snapshot)
    }
    for period, snapshot in signed.items():
        for ledger, sheet in sheets(snapshot) if kind(period) != "month" else ():
            mine = [of_month[month, ledger, sheet["id"]] for month in months_of(period)]
            mean = (sum(mine, Decimal(0)) / len(mine)).quantize(CENT, ROUND_HALF_UP)
            assert mean == Decimal(sheet["points"]), (period, sheet["id"])


def test_who_came_late_costs_person_and_window(
    signed: Mapping[str, Snapshot], plain: Plain, windows: Mapping[str, str]
) -> None:
    wanted: Counter[tuple[str, str, str, str]] = Counter()
    for person, day, half in plain_year.late(plain):
        if day < AFTER:
            fact = f"slot:{person}/{day}/{half}_in"
            wanted["staff", person, fact, str(day)] += 1
            if person in windows:
                wanted["window", windows[person], fact, str(day)] += 1
    assert len(wanted) > 50
    assert lines(signed, "A01.late") == wanted


def test_half_days_without_a_sign_are_absences(
    signed: Mapping[str, Snapshot], plain: Plain, windows: Mapping[str, str]
) -> None:
    people = [row["id"] for row in registry_of(SIZE)["staff"]]
    days = workdays(date(SIZE.year, 1, 1), AFTER)
    wanted: Counter[tuple[str, str, str]] = Counter()
    for person, day, _ in plain_year.absent(plain, people, days):
        wanted["staff", person, str(day)] += 1
        if person in windows:
            wanted["window", windows[person], str(day)] += 1
    found: Counter[tuple[str, str, str]] = Counter()
    for (ledger, whom, _, day), count in lines(signed, "A01.absent").items():
        found[ledger, whom, day] += count
    assert len(wanted) > 20
    assert found == wanted


def test_off_post_is_proposed_once_and_posted_where_it_was_confirmed(
    signed: Mapping[str, Snapshot], plain: Plain, proposed: Sequence[Mapping[str, Any]]
) -> None:
    found = plain_year.off_post(plain, belonging())
    wanted = Counter((person, str(day)) for person, day in found if day < AFTER)
    asked = [one for one in proposed if one["row"] == "A01.off_post"]
    assert len(asked) > 50
    assert Counter((one["whom"], one["date"]) for one in asked) == wanted
    for row in ("A01.off_post", "A17.unstaffed", "D05.rating"):
        confirmed = [one for one in proposed if one["row"] == row and one["state"] == "confirmed"]
        posted = lines(signed, row)
        assert posted == Counter((one["ledger"], one["whom"], one["fact"], one["date"]) for one in confirmed)
        assert any(one["row"] == row and one["state"] == "rejected" for one in proposed)
    assert {one["decided_by"] for one in proposed if one["state"] in ("confirmed", "rejected")} == {JUDGE}


def test_empty_windows_and_bad_ratings_are_all_asked_about(plain: Plain, proposed: Sequence[Mapping[str, Any]]) -> None:
    empty = Counter(
        (window, str(start.date()))
        for window, mine in plain_year.empty(plain, belonging()).items()
        for start, _ in mine
        if start.date() < AFTER
    )
    asked = Counter((one["whom"], one["date"]) for one in proposed if one["row"] == "A17.unstaffed")
    assert asked == empty
    assert sum(one["row"] == "D05.rating" for one in proposed) == plain_year.bad(plain, AFTER)


def test_cases_past_their_last_day_cost_the_window_of_that_day(signed: Mapping[str, Snapshot], plain: Plain) -> None:
    promised = {item["id"]: int(item["promised"]) for item in registry_of(SIZE)["items"]}
    late = plain_year.overdue(plain, promised, AFTER)
    wanted = Counter(("window", window, f"case:cases/{case}", str(last)) for case, window, last in late)
    assert len(wanted) > 5
    assert {promised[plain.accepted[case][1]] for case, _, _ in late} == set(PROMISES)
    assert lines(signed, "C20.overdue") == wanted


def test_what_is_not_known_costs_nobody_anything(signed: Mapping[str, Snapshot]) -> None:
    for snapshot in months(signed):
        unknown = {one["subject"] for one in snapshot["unknown"]}
        charged = {line["fact"] for _, sheet in sheets(snapshot) for line in sheet["lines"]}
        assert not unknown & charged


def test_what_a_person_entered_is_posted_by_another(
    signed: Mapping[str, Snapshot], proposed: Sequence[Mapping[str, Any]]
) -> None:
    found = [line for one in months(signed) for _, sheet in sheets(one) for line in sheet["lines"]]
    entered = [line for line in found if line["row"] == "D19.patrol"]
    assert entered
    assert {(line["proposer"], line["confirmer"]) for line in entered} == {(CLERK, JUDGE)}


def test_three_quarters_make_the_annual_award(signed: Mapping[str, Snapshot]) -> None:
    times: Counter[tuple[str, str]] = Counter()
    for quarter in range(1, 5):
        awards = signed[f"{SIZE.year}-Q{quarter}"]["awards"]
        times.update((one["ledger"], one["whom"]) for one in awards if one["state"] == "awarded")
    annual = {(one["ledger"], one["whom"]) for one in signed[str(SIZE.year)]["awards"] if one["state"] == "awarded"}
    assert {who for who, count in times.items() if count >= 3} == annual


def test_the_last_two_of_each_month_have_their_talk(signed: Mapping[str, Snapshot]) -> None:
    for snapshot in months(signed):
        for _, sheet in sheets(snapshot):
            worse = [other for _, other in sheets(snapshot) if other in snapshot["people"]]
            if sheet["bottom"] == "yes" and sheet in snapshot["people"]:
                below = sum(Decimal(other["points"]) < Decimal(sheet["points"]) for other in worse)
                assert below < 2


def test_reports_of_what_is_signed_are_the_same_bytes_again(year: Practice) -> None:
    for period in (SIZE.names[2], f"{SIZE.year}-Q1", str(SIZE.year)):
        for ending in ("xlsx", "pdf", "zip"):
            first = year.report(period, ending).read_bytes()
            assert first == year.report(period, ending).read_bytes()


def test_another_run_afterwards_changes_nothing(year: Practice) -> None:
    words = [word for month in SIZE.names[-2:] for word in ("--month", month)]
    done = json.loads(year.run("again", worked_at(SIZE.names[-1]), "assess", "run", "--hall", HALL, *words, "--json"))
    assert [done[name] for name in ("posted", "countered", "proposed", "changed", "withdrawn")] == [0] * 5
