"""docs/ladders.md: its counts are the program's, its ten cases are counted here day by day without the program.

A block of the page stands between `<!-- case ID -->` and `<!-- end -->` and is compared as a whole.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.halls import Commands

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ladders.md"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
AS_OF = datetime.fromisoformat("2012-02-01T00:00:00+00:00")
LADDERS = ("default", "yulin", "zhanjiang")
SESSIONS = ((time(8, 30), time(12)), (time(12, 30), time(17)))
"""config/calendar/weekdays-amsterdam.toml, Monday to Friday; copied here so that a change of it shows."""
BLOCK = re.compile(r"<!-- case (?P<id>[\w-]+) -->\n(?P<text>.*?)<!-- end -->", re.DOTALL)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Application:
    """A case as the file tells it; `steps`: (time, person) of its rows and its start."""

    id: str
    start: datetime
    due: datetime
    end: datetime | None
    steps: tuple[tuple[datetime, str], ...]

    def holder(self, at: datetime) -> str:
        """Whom the last step at or before an instant names (the ten have no two of one time there)."""
        return max((when, who) for when, who in self.steps if when <= at)[1]


def local(instant: datetime) -> datetime:
    return instant.astimezone(AMSTERDAM)


def worked(day: date, start: datetime, end: datetime) -> timedelta:
    """Working time of a day within [start, end), on the clock of Amsterdam; no session lies in a change of the hour."""
    if day.weekday() > 4:
        return timedelta(0)
    total = timedelta(0)
    for opens, closes in SESSIONS:
        begin = max(datetime.combine(day, opens, AMSTERDAM), local(start))
        until = min(datetime.combine(day, closes, AMSTERDAM), local(end))
        total += max(until - begin, timedelta(0))
    return total


def days_of(case: Application) -> list[tuple[date, timedelta]]:
    first, last = local(case.start).date(), local(case.due).date()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [(day, spent) for day in days if (spent := worked(day, case.start, case.due))]


def ninety_percent(case: Application) -> tuple[timedelta, timedelta, date, datetime]:
    """(working time up to the limit, its 90 %, the day on which that is used up, the instant)."""
    days = days_of(case)
    total = sum((spent for _, spent in days), timedelta(0))
    share = total * 9 / 10
    left = share
    for day, spent in days:
        if left <= spent:
            at = max(datetime.combine(day, SESSIONS[0][0], AMSTERDAM), local(case.start))
            morning = worked(day, case.start, datetime.combine(day, SESSIONS[0][1], AMSTERDAM))
            pause = timedelta(minutes=30) if left > morning and morning else timedelta(0)
            return total, share, day, at + left + pause
        left -= spent
    raise AssertionError("90 % of a span lie inside it")


# ------------------------------------------------------------------ what the page says of a case


def clock(spent: timedelta) -> str:
    minutes = spent / timedelta(minutes=1)
    return f"{int(minutes // 60)}:{minutes % 60:06.3f}".removesuffix(".000")


def told(instant: datetime) -> str:
    return f"{local(instant):%a %Y-%m-%d %H:%M:%S}"


def weeks(case: Application) -> Iterator[str]:
    """A line a week: each day with its working time, and the running sum."""
    total, line, week = timedelta(0), list[str](), None
    for day, spent in days_of(case):
        if week is not None and day.isocalendar().week != week:
            yield f"{' · '.join(line)} → {clock(total)}"
            line = []
        week = day.isocalendar().week
        total += spent
        line.append(f"{day:%a %m-%d} {clock(spent)}")
    yield f"{' · '.join(line)} → {clock(total)}"


def card_text(card: dict[str, Any] | None) -> str:
    if card is None:
        return "no card"
    return f"{card['level']} since {told(datetime.fromisoformat(card['since']))}, charged to {card['staff']}"


def block(case: Application, cards: dict[str, dict[str, Any]]) -> str:
    total, share, day, at = ninety_percent(case)
    before = sum((spent for d, spent in days_of(case) if d < day), timedelta(0))
    lines = [
        f"- Start {told(case.start)}, due {told(case.due)}, {f'ended {told(case.end)}' if case.end else 'still open'}.",
        "- Working time, hours:minutes a day:",
        "  ```",
        *(f"  {line}" for line in weeks(case)),
        "  ```",
        f"- 90 % of {clock(total)} = {clock(share)}: {clock(before)} up to the day before, {clock(share - before)} on "
        f"{day:%a %m-%d}, so at {told(at)}; held then by {case.holder(at)}, at the limit by {case.holder(case.due)}.",
        *(f"- `{name}`: {card_text(cards[name].get(case.id))}." for name in LADDERS),
    ]
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------ the tests


@pytest.fixture(scope="module")
def applications(data_dir: Path) -> dict[str, Application]:
    with (data_dir / "cases" / "receipt.csv").open(encoding="utf-8-sig", newline="") as file:
        log = list(csv.DictReader(file))
    at = datetime.fromisoformat
    steps: dict[str, set[tuple[datetime, str]]] = {}
    for row in log:
        mine = steps.setdefault(row["case:concept:name"], set())
        mine.add((at(row["case:startdate"]), row["case:responsible"]))
        mine.add((at(row["time:timestamp"]), row["org:resource"]))
    return {
        row["case:concept:name"]: Application(
            id=row["case:concept:name"],
            start=at(row["case:startdate"]),
            due=at(row["case:deadline"]),
            end=at(row["case:enddate"]) if row["case:enddate"] else None,
            steps=tuple(sorted(steps[row["case:concept:name"]])),
        )
        for row in log
    }


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Ladder → case → card: imported once, judged in a copy for each ladder."""
    folder = tmp_path_factory.mktemp("ladders")
    imported = Commands(folder)
    log = str(data_dir / "cases" / "receipt.csv")
    imported.run("cases", "import", log, "--map", "coselog-receipt", "--history", clock=None)
    found = {}
    for name in LADDERS:
        (folder / name).mkdir()
        shutil.copy(folder / "jiancha.sqlite", folder / name / "jiancha.sqlite")
        jiancha = Commands(folder / name, env={"JIANCHA_POLICY__PRESET": name})
        jiancha.json("judge", "--as-of", AS_OF.isoformat(), clock=None)
        listed = jiancha.json("cards", "list", clock=None)
        assert {card["policy_version"].split("@")[0] for card in listed} == {name}
        found[name] = {card["subject"]["id"].split("/", 1)[1]: card for card in listed}
        assert len(found[name]) == len(listed), "a card a case"
    return found


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_page_counts_what_the_three_ladders_give(page: str, cards: dict[str, dict[str, dict[str, Any]]]) -> None:
    for name in LADDERS:
        levels = Counter(card["level"] for card in cards[name].values())
        row = f"| `{name}` | {levels['reminder']} | {levels['yellow']} | {levels['red']} | {levels.total()} |"
        assert row in page


def test_the_page_counts_the_kinds_of_difference(page: str, cards: dict[str, dict[str, dict[str, Any]]]) -> None:
    default, yulin = cards["default"], cards["yulin"]
    early = [card for case, card in yulin.items() if case not in default]
    moved = [case for case in default if default[case]["staff"] != yulin[case]["staff"]]
    ended = sum(card["cleared_at"] is not None for card in early)
    late = sum(card["cleared_at"] is not None for card in default.values())
    for text in (
        f"| yellow by `yulin` alone, ended in time | {ended} |",
        f"| yellow by `yulin` alone, open and within the limit | {len(early) - ended} |",
        f"| red by `yulin`, yellow by the others, ended late | {late} |",
        f"| red by `yulin`, yellow by the others, open and overdue | {len(default) - late} |",
        f"| of the red ones charged to another person | {len(moved)} |",
    ):
        assert text in page
    assert {card["level"] for card in early} == {"yellow"}
    assert {(default[case]["level"], yulin[case]["level"]) for case in default} == {("yellow", "red")}


def test_default_and_zhanjiang_differ_in_nothing_on_this_history(cards: dict[str, dict[str, dict[str, Any]]]) -> None:
    """The page says so, and why: no statutory limit, no orders from history."""
    heart = ("level", "since", "cleared_at", "staff", "window")
    facts = [{c: [card[k] for k in heart] for c, card in cards[name].items()} for name in ("default", "zhanjiang")]
    assert facts[0] == facts[1]


def test_each_of_the_ten_cases_stands_as_counted_by_hand(
    page: str, applications: dict[str, Application], cards: dict[str, dict[str, dict[str, Any]]]
) -> None:
    blocks = {found["id"]: found["text"] for found in BLOCK.finditer(page)}
    assert len(blocks) == 10
    for name, text in blocks.items():
        assert text == block(applications[name], cards), name


def test_the_program_climbs_where_the_days_say(
    applications: dict[str, Application], cards: dict[str, dict[str, dict[str, Any]]]
) -> None:
    """Not the ten alone: every case of the log, by the same count without the program's calendar."""
    for name, case in applications.items():
        *_, at = ninety_percent(case)
        card = cards["yulin"].get(name)
        end = min(case.end or AS_OF, AS_OF)
        if case.end is None or case.end > case.due:
            passed = case.due < end if case.end else case.due <= AS_OF
        else:
            passed = False
        expected = "red" if passed else "yellow" if at < end or (case.end is None and at <= AS_OF) else None
        assert (card["level"] if card else None) == expected, name
        if card is not None and expected == "yellow":
            assert abs(datetime.fromisoformat(card["since"]) - at) <= timedelta(microseconds=1), name
