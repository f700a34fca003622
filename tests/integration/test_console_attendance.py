"""Attendance on pages and in the API: the grid is the sheet, who sees whom, and what of a leave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import pytest

from monitor.app.program import judge_as_of
from monitor.exports.attendance.tables import PERSON_COLUMNS, TOTAL_COLUMNS
from monitor.exports.attendance.workbook import HEAD
from monitor.exports.attendance_lists import read_list
from monitor.exports.attendance_rows import row_json
from monitor.ingest.plans import import_plans
from monitor.supervision.losses import declare_lost
from monitor.wording.sheet import MARKS, MENDED, TOTALS
from tests.attended import Attended, attended, grid_rows, people_on, sums_of
from tests.integration import test_export_attendance as hall
from tests.integration import test_months as months
from tests.sheets import SETTINGS, World, at, filled, read_back

MONTH: Final = "2026-02"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The hall of the sheet's own test: every mark, a window, leave of two kinds, doubtful and lost data."""
    folder = tmp_path_factory.mktemp("attended")
    registries = [
        (hall.BEGUN, hall.registry_toml(hall.PEOPLE)),
        (at(24, "12:00"), hall.registry_toml([*hall.PEOPLE, hall.NEWCOMER])),
    ]
    made = filled(folder, registries, hall.event_lines(), hall.NOW)
    (folder / "plans.toml").write_text(hall.PLANS, encoding="utf-8")
    import_plans(made.program.store, folder / "plans.toml", now=at(24, "12:00"))
    with made.program.store.write() as conn:
        declare_lost(conn, "t3", at(24, "08:00"), at(24, "09:00"), actor="op", why="disk", now=hall.NOW)
    judge_as_of(made.program, hall.NOW)
    return made


@pytest.fixture(scope="module")
def app(world: World) -> Iterator[Attended]:
    with attended(world, hall.NOW) as running:
        yield running


# --------------------------------------------------------------------------- the grid is the sheet


def test_the_grid_says_cell_by_cell_what_the_exported_workbook_says(world: World, app: Attended) -> None:
    sheet = read_back(world.export("grid.xlsx"))["考勤表"][HEAD:]
    people = {str(row[0]): row for row in sheet[1:] if row[0]}
    answer = app.page("head", f"/attendance/month?month={MONTH}")
    shown = grid_rows(answer.text)
    assert list(shown) == list(people), "the same people in the same order"
    for staff, row in people.items():
        cells = [str(cell) for cell in row[len(PERSON_COLUMNS) :]]
        days = ["".join(cells[n : n + 2]) for n in range(0, 56, 2)]
        assert [cell.replace("·", "") for cell in shown[staff][:28]] == days, staff
        assert [cell or "0" for cell in shown[staff][28:]] == cells[62:], staff
    below = [[str(cell) for cell in row[-len(TOTAL_COLUMNS) :]] for row in sheet[1:] if row[1] in ("小计", "合计")]
    assert [[cell or "0" for cell in row] for row in sums_of(answer.text)] == below
    found = app.api("head", f"/api/v1/attendance/month?month={MONTH}").json()
    assert [one["staff"] for one in found["people"]] == list(people)
    for one in found["people"]:
        row = [str(cell) for cell in people[one["staff"]][len(PERSON_COLUMNS) :]]
        assert [mark.replace("-", "") for mark in one["marks"]] == ["".join(row[n : n + 2]) for n in range(0, 56, 2)]
        assert one["totals"]["due"] == int(row[62])
        assert sum(one["totals"]["leave"].values()) == one["totals"]["on_leave"] == sum(map(int, row[72:79]))


def test_words_of_the_page_fit_the_sheet() -> None:
    assert tuple(chinese for chinese, _ in TOTALS) == TOTAL_COLUMNS
    assert set(MARKS) == {symbol.value for symbol in hall_symbols()}
    assert set(MENDED) == {"punch", "correction", "leave", "source", "review"}


def hall_symbols() -> Any:
    from monitor.exports.attendance.symbols import Symbol

    return Symbol


def test_a_month_in_pages_has_everybody_once_and_sums_only_where_everybody_stands(app: Attended) -> None:
    path, seen = f"/api/v1/attendance/month?month={MONTH}&limit=5", []
    while path:
        answer = app.api("auditor", path)
        seen += [one["staff"] for one in answer.json()["people"]]
        path = answer.links["next"]["url"] if "next" in answer.links else ""
    assert seen == sorted({*hall.PEOPLE, hall.NEWCOMER}, key=lambda one: (one[0], one))
    assert app.page("auditor", "/attendance/month?month=2027-01").status_code == 422
    assert app.page("auditor", "/attendance/month?month=2026-13").status_code == 422


def test_a_closed_month_shows_what_was_signed_and_later_changes_marked(tmp_path: Any) -> None:
    made = filled(tmp_path, [(at(1, "00:00", 3), months.REGISTRY)], months.lines(), months.OVER)
    months.close(made, accept_open=True)
    path = "/attendance/month?month=2026-03"
    with attended(made, months.LATER) as app:
        signed = app.page("head", path)
        (version,) = made_versions(made)
        for told in ("第 1 版", "签核人 监察长", "2026-04-02 09:00", version.digest[:16]):
            assert told in signed.text
        assert grid_rows(signed.text)["a1"][9] == "旷旷"
        months.file_leave(made)
        assert grid_rows(app.page("head", path).text) == grid_rows(signed.text), "it is what was signed"
        compared = app.page("head", f"{path}&compare=1").text
        assert grid_rows(compared)["a1"][9] == "旷旷→假假"
        later = app.api("head", "/api/v1/attendance/month?month=2026-03&compare=true").json()
        assert later["closed"]["digest"] == version.digest
        assert {"column": "10上", "now": "假"} in later["people"][0]["later"]
        months.correct(made)
        corrected = app.page("head", path).text
        assert "第 2 版" in corrected
        assert grid_rows(corrected)["a1"][9] == "假假"
        assert corrected.count('class="changed') == 1, "the one day that was corrected"
        again = app.api("head", "/api/v1/attendance/month?month=2026-03").json()
        assert again["people"][0]["changed"][:2] == ["10上", "10下"]


def made_versions(made: World) -> Any:
    from monitor.store.months import versions

    with made.program.store.read() as conn:
        return versions(conn, "h1", "2026-03")


# --------------------------------------------------------------------------- the day is the list


def test_a_day_says_what_report_attendance_says(world: World, app: Attended) -> None:
    for day in hall.WORKED:
        one = date(2026, 2, day)
        with world.look() as look:
            listed = read_list(look, SETTINGS.policy.checkin, one, one, hall="h1")
            zone = look.registry.zone_of("h1")
        found = app.api("head", f"/api/v1/attendance/day?date={one}").json()
        assert {k: n for k, n in found["counts"].items() if k != "merged"} == {
            k: n for k, n in listed.counts.items() if n
        }
        lines = {row.staff: row_json(row, zone)["slots"] for row in listed.rows}
        for person in found["people"]:
            odd = [s for s in person["slots"] if s["kind"] not in ("ok", "pending", "merged")]
            kept = ("slot", "date", "kind", "due", "at", "minutes", "cards", "to_correct")
            assert [{k: s[k] for k in kept} for s in odd] == [
                {k: s[k] for k in kept} for s in lines[person["staff"]] if not s["slot"].startswith("post:")
            ]


def test_unknown_is_never_absent_and_a_doubtful_time_is_for_review(app: Attended) -> None:
    page = app.page("head", "/attendance?date=2026-02-24")
    assert "“未知”指数据未到，不等于缺勤。" in page.text
    gone = people_on(app.page("head", "/attendance?date=2026-02-24&only=gone").text)
    assert gone == ["a03", "a07"], "no check-out, and half a day absent"
    assert people_on(app.page("head", "/attendance?date=2026-02-24&only=unknown").text) == ["b01"]
    assert people_on(app.page("head", "/attendance?date=2026-02-24&only=review").text) == ["d01"]
    assert people_on(app.page("head", "/attendance?date=2026-02-24&q=d01").text) == ["d01"]
    assert people_on(app.page("head", "/attendance?date=2026-02-24&unit=c").text) == ["c01"]
    person = app.page("head", f"/attendance/people/b01?month={MONTH}").text
    assert "等待数据：" in person
    assert "各终端数据完整至" in person


# --------------------------------------------------------------------------- who sees whom, and what


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("head", [*sorted(hall.PEOPLE)[:9], hall.NEWCOMER, "b01", "c01", "d01"]),
        ("unit", [*sorted(hall.PEOPLE)[:9], hall.NEWCOMER]),
        ("lead", ["a09"]),
        ("mine", ["a05"]),
        ("other", ["a04"]),
    ],
)
def test_everybody_sees_their_own_people(app: Attended, who: str, seen: list[str]) -> None:
    assert people_on(app.page(who, "/attendance?date=2026-02-25").text) == seen
    assert list(grid_rows(app.page(who, f"/attendance/month?month={MONTH}").text)) == seen
    assert [one["staff"] for one in app.api(who, "/api/v1/attendance/day?date=2026-02-25").json()["people"]] == seen
    for staff in (*hall.PEOPLE, "nobody"):
        status = 200 if staff in seen else 404
        assert app.page(who, f"/attendance/people/{staff}?month={MONTH}").status_code == status
        assert app.api(who, f"/api/v1/attendance/people/{staff}?month={MONTH}").status_code == status


@pytest.mark.parametrize("who", ["head", "personnel", "unit", "mine", "duty", "auditor"])
def test_the_kind_of_a_leave_is_told_to_who_decides_about_it(app: Attended, who: str) -> None:
    told = who not in ("duty", "auditor")
    day = app.page(who, "/attendance?date=2026-02-13&q=a05").text
    person = app.page(who, f"/attendance/people/a05?month={MONTH}").text
    for page in (day, person):
        assert ("病假" in page) is told
        assert "假" in page
    assert ("L1" in re.sub(r"<[^>]+>", " ", person)) is told, "words alone: a form's token may hold any two letters"
    grid = app.page(who, f"/attendance/month?month={MONTH}").text
    assert ("病假半天" in grid) is told
    assert ("请假半天" in grid) is not told
    slots = app.api(who, "/api/v1/attendance/day?date=2026-02-13&q=a05").json()["people"][0]["slots"]
    assert {slot["leave"] for slot in slots} == ({"sick"} if told else {None})
    month = app.api(who, f"/api/v1/attendance/people/a05?month={MONTH}").json()
    assert month["totals"]["leave"] == ({"sick": 2} if told else None)
    assert month["totals"]["on_leave"] == 2
    assert [row["kind"] for row in month["leaves"]] == (["sick"] if told else [None])


def test_staff_come_to_their_own_page_and_others_to_theirs(app: Attended) -> None:
    assert app.page("mine", "/").headers["location"] == "/my"
    assert app.page("unit", "/").headers["location"] == "/board"
    assert app.page("head", "/my").status_code == 404, "no person of the registry"
    page = app.page("other", "/my").text
    assert 'href="/requests/new?kind=correction&amp;staff=a04&amp;date=2026-02-13&amp;slot=am_in"' in page
    assert 'href="/requests/new?kind=leave' not in app.page("auditor", f"/attendance/people/a04?month={MONTH}").text
