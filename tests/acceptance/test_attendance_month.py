"""A month of a hall of 60 through events, cards and the work of people to the sheet that the personnel office takes.

February 2026: 16 working days, two of them make-up Saturdays, the Spring Festival between. Five people's rows are
written down by hand; the others came in time every day. With a terminal cut off for a morning, its data coming later,
the sheet is the same.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import select

from monitor.app.program import judge_as_of
from monitor.exports.attendance.tables import DETAIL_COLUMNS, TOTAL_COLUMNS
from monitor.ingest.plans import import_plans
from monitor.store.cards import CARD
from monitor.supervision.commands import transition
from tests.sheets import World, at, filled, told

WORKED: Final = (2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 24, 25, 26, 27, 28)
PEOPLE: Final = tuple(f"s{unit}{number:02}" for unit in range(1, 7) for number in range(1, 11))
FEW: Final = tuple(person for person in PEOPLE if person <= "s106" or person.endswith("10"))
"""Those of whom something is told, and one of each unit: in every run; all sixty are long."""
PLAIN: Final = {"am_in": "08:20", "am_out": "12:02", "pm_in": "14:20", "pm_out": "17:33"}
NOTHING: Final[dict[str, str]] = {}
CAME: Final[dict[tuple[str, int], dict[str, str]]] = {
    ("s102", 3): PLAIN | {"am_in": "08:37:30"},
    ("s102", 4): PLAIN | {"am_in": "08:50"},
    ("s102", 5): {"am_in": "08:20", "am_out": "12:02", "pm_in": "14:20"},
    ("s103", 9): NOTHING,
    ("s103", 10): NOTHING,
    ("s103", 11): NOTHING,
    ("s103", 12): {"am_in": "08:20", "am_out": "12:02"},
    ("s103", 13): {"am_in": "08:20", "am_out": "12:02"},
    ("s104", 14): PLAIN | {"pm_out": "17:20"},
    ("s104", 24): PLAIN | {"am_in": "08:48"},
    ("s105", 26): {"pm_in": "14:20", "pm_out": "17:33"},
    ("s105", 27): NOTHING,
    ("s105", 21): {"overtime in": "08:55", "overtime out": "12:05"},
}
"""Check-ins where they are not plain."""

MARKS: Final[dict[str, dict[str, str]]] = {
    "s101": {},
    "s102": {"3上": "迟", "4上": "脱"},
    "s103": {
        "9上": "假", "9下": "假", "10上": "假", "10下": "假", "11上": "差", "11下": "差", "12下": "旷", "13下": "假",
    },
    "s104": {"14下": "早"},
    "s105": {"26上": "假", "27上": "假", "27下": "假"},
}  # fmt: skip
TOTALS: Final[dict[str, dict[str, int]]] = {
    "s101": {"应出勤半天": 32, "出勤半天": 32},
    "s102": {"应出勤半天": 32, "出勤半天": 32, "迟到次数": 1, "迟到分钟": 8, "脱岗次数": 1},
    "s103": {
        "应出勤半天": 32, "出勤半天": 24, "旷工半天": 1, "事假半天": 1, "病假半天": 4, "出差半天": 2,
    },
    "s104": {
        "应出勤半天": 32, "出勤半天": 32, "早退次数": 1, "早退分钟": 10, "脱岗次数": 1, "其中查实": 1, "外出次数": 1,
    },
    "s105": {"应出勤半天": 32, "出勤半天": 29, "事假半天": 1, "补休半天": 2, "加班分钟": 180},
}  # fmt: skip
EXCEPTIONS: Final = {
    ("2026-02-03", "s102", "上午签到", "迟到", 8, ""),
    ("2026-02-04", "s102", "上午签到", "脱岗（迟到）", 20, "待查实"),
    ("2026-02-05", "s102", "下午签退", "补签", "", ""),
    *((f"2026-02-{day}", "s103", slot, "病假", "", "") for day in ("09", "10") for slot in
      ("上午签到", "上午签退", "下午签到", "下午签退")),
    *(("2026-02-11", "s103", slot, "出差", "", "") for slot in ("上午签到", "上午签退", "下午签到", "下午签退")),
    ("2026-02-12", "s103", "下午签到", "旷工半天", "", "查实"),
    *(("2026-02-13", "s103", slot, "事假", "", "") for slot in ("下午签到", "下午签退")),
    ("2026-02-13", "s104", "窗口 w1", "脱岗（窗口无人）", 40, "查实"),
    ("2026-02-14", "s104", "下午签退", "早退", 10, ""),
    ("2026-02-21", "s105", "加班", "加班", 180, ""),
    *(("2026-02-26", "s105", slot, "事假", "", "") for slot in ("上午签到", "上午签退")),
    *(("2026-02-27", "s105", slot, "补休", "", "") for slot in ("上午签到", "上午签退", "下午签到", "下午签退")),
}  # fmt: skip
"""Rows of 异常明细: date, who, slot, what, minutes, what people found."""

PLANS: Final = """
leave = [
  {id = "L1", staff = "s103", kind = "sick", from = 2026-02-09T00:00:00+08:00, to = 2026-02-11T00:00:00+08:00, approver = "s101", approved_at = 2026-02-06T10:00:00+08:00},
  {id = "L2", staff = "s103", kind = "personal", from = 2026-02-13T12:00:00+08:00, to = 2026-02-14T00:00:00+08:00, approver = "s101", approved_at = 2026-02-12T10:00:00+08:00},
]
trips = [
  {id = "T1", staff = "s103", from = 2026-02-11T00:00:00+08:00, to = 2026-02-12T00:00:00+08:00, approver = "s101", approved_at = 2026-02-06T10:00:00+08:00},
]
lieu = [
  {id = "Q1", staff = "s105", from = 2026-02-27T00:00:00+08:00, to = 2026-02-28T00:00:00+08:00, overtime = "O1", approver = "s101", approved_at = 2026-02-24T10:00:00+08:00},
]
overtime = [{id = "O1", staff = "s105", from = 2026-02-21T09:00:00+08:00, to = 2026-02-21T12:00:00+08:00}]
outings = [{id = "X1", staff = "s104", from = 2026-02-24T08:20:00+08:00, to = 2026-02-24T09:10:00+08:00}]
"""  # noqa: E501 - rows as a hall files them
AFTERWARDS: Final = """
corrections = [
  {id = "B1", staff = "s102", date = 2026-02-05, slot = "pm_out", at = 2026-02-05T17:31:00+08:00, reason = "忘打卡，录像可证", approver = "s101", approved_at = 2026-02-06T09:00:00+08:00},
]
leave = [
  {id = "L3", staff = "s105", kind = "personal", from = 2026-02-26T00:00:00+08:00, to = 2026-02-26T13:00:00+08:00, approver = "s101", approved_at = 2026-02-28T09:00:00+08:00},
]
"""  # noqa: E501
CARDS: Final = DETAIL_COLUMNS.index("牌号")
MADE: Final = at(2, "09:00", 3)


def registry(people: Sequence[str]) -> str:
    rows = ['[[halls]]\nid = "h1"\nname = "一号大厅"\nattendance = "tongshan"\n']
    rows += [f'[[units]]\nid = "u{unit}"\nhall = "h1"\nname = "单位{unit}"\n' for unit in range(1, 7)]
    rows += [f'[[staff]]\nid = "{p}"\nunit = "u{p[1]}"\nname = "员工{p[1:]}"\n' for p in people]
    rows += ['[[windows]]\nid = "w1"\nhall = "h1"\nunit = "u1"\n']
    rows += ['[[posts]]\nwindow = "w1"\nstaff = "s104"\n[[posts]]\nwindow = "w1"\nstaff = "s106"\nrank = "B"\n']
    rows += ['[[devices]]\nid = "c1"\nkind = "camera"\nhall = "h1"\nwindow = "w1"\n']
    for terminal, units in (("t1", '"u1", "u2", "u3"'), ("t2", '"u4", "u5", "u6"')):
        rows += [f'[[devices]]\nid = "{terminal}"\nkind = "terminal"\nhall = "h1"\nserves = [{units}]\n']
    return "".join(rows)


def happened(people: Sequence[str]) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """The month as it was; `received` at once."""
    numbers = itertools.count()
    for person, day in itertools.product(people, range(1, 29)):
        terminal = "t1" if person[1] in "123" else "t2"
        for clock in CAME.get((person, day), PLAIN if day in WORKED else NOTHING).values():
            payload = {"id": str(next(numbers)), "staff": person, "method": "face"}
            yield told(terminal, "checkin", at(day, clock), payload)
    for terminal, day, half_hours in itertools.product(("t1", "t2"), range(1, 29), range(14, 40)):
        heard = at(day, f"{half_hours // 2:02}:{half_hours % 2 * 30:02}")
        yield told(terminal, "heartbeat", heard, {"queue": 0})
    for second in range(0, 12_600, 50):
        seen = at(13, "08:30") + timedelta(seconds=second)
        nobody = at(13, "09:30") <= seen < at(13, "10:10")
        payload = {"id": str(next(numbers)), "people": 0 if nobody else 1, "view": "ok"}
        yield told("c1", "presence", seen, payload)
        yield told("c1", "heartbeat", seen, {"queue": 0})


CUT: Final = (at(25, "08:00"), at(25, "11:10"))


def cut_off(people: Sequence[str]) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """The same month with t1 without network for a morning: what it has arrives afterwards, heartbeats of it never."""
    for heard, line in happened(people):
        if line["device"] != "t1" or not CUT[0] <= heard < CUT[1]:
            yield heard, line
        elif line["channel"] != "heartbeat":
            yield CUT[1], line | {"received": CUT[1].isoformat()}


def worked_through(folder: Path, people: Sequence[str], lines: Iterator[tuple[datetime, dict[str, Any]]]) -> World:
    """Plans filed, everything judged as the days went by, cards closed by people, forms handed in late."""
    world = filled(folder, [(at(1, "00:00"), registry(people))], lines, MADE)
    store = world.program.store
    plan(world, PLANS, at(1, "08:00"))
    for day in WORKED:
        # within the day only where something is under way: somebody very late, an empty window, the terminal cut off
        for clock in ("10:00", "13:10", "19:30") if day in (4, 13, CUT[0].day) else ("19:30",):
            judge_as_of(world.program, at(day, clock))
    with store.write() as conn:
        for number in conn.execute(select(CARD.c.number).where(CARD.c.staff.in_(("s103", "s104")))).scalars().all():
            transition(
                conn, number, "closed", actor="head", why="查录像属实", now=at(28, "20:00"), given={"result": "founded"}
            )
    plan(world, AFTERWARDS, at(28, "20:00"))
    judge_as_of(world.program, MADE)
    return world


def plan(world: World, text: str, now: datetime) -> None:
    path = world.folder / "plans.toml"
    path.write_text(text, encoding="utf-8")
    import_plans(world.program.store, path, now=now, ground=world.program.ground())


@pytest.fixture(
    scope="module",
    params=[pytest.param(FEW, id="few"), pytest.param(PEOPLE, id="sixty", marks=pytest.mark.long)],
)
def people(request: pytest.FixtureRequest) -> Sequence[str]:
    found: Sequence[str] = request.param
    return found


@pytest.fixture(scope="module")
def books(
    people: Sequence[str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, list[tuple[Any, ...]]]]:
    found = {}
    for name, lines in (("whole", happened(people)), ("cut off", cut_off(people))):
        world = worked_through(tmp_path_factory.mktemp("month"), people, lines)
        found[name] = world.book()
        world.program.store.close()
    return found


def row_of(book: dict[str, list[tuple[Any, ...]]], person: str) -> dict[str, Any]:
    head, *rows = book["考勤表"]
    return dict(zip(head, next(row for row in rows if row[0] == person), strict=True))


@pytest.mark.parametrize("person", MARKS)
def test_each_cell_of_five_people(books: dict[str, Any], person: str) -> None:
    row = row_of(books["whole"], person)
    for day, half in itertools.product(range(1, 32), "上下"):
        plain = ("√" if day in WORKED else "－") if day <= 28 else ""
        assert row[f"{day}{half}"] == MARKS[person].get(f"{day}{half}", plain), f"{day}{half}"
    assert {name: row[name] for name in TOTAL_COLUMNS if row[name]} == TOTALS[person]


def test_everybody_else_came_every_day(books: dict[str, Any], people: Sequence[str]) -> None:
    others = [person for person in people if person not in MARKS]
    assert len(others) == len(people) - 5 > 5
    plain = {name: row_of(books["whole"], "s101")[name] for name in (*TOTAL_COLUMNS, "2上", "28下")}
    for person in others:
        assert {name: row_of(books["whole"], person)[name] for name in plain} == plain


def test_the_exceptions_are_these_and_no_more(books: dict[str, Any]) -> None:
    head, *rows = books["whole"]["异常明细"]
    names = ("日期", "工号", "时段", "异常", "分钟", "核实")
    found = [tuple(dict(zip(head, row, strict=True))[name] for name in names) for row in rows]
    assert set(found) == EXCEPTIONS
    assert len(found) == len(EXCEPTIONS)


def test_a_terminal_cut_off_for_a_morning_ends_in_the_same_sheet(books: dict[str, Any]) -> None:
    """Cell by cell; of cards only their numbers differ, as operators had one more of the terminal."""
    numbers = re.compile(r"^\d+")
    whole, cut = (
        {
            name: [
                tuple(numbers.sub("№", str(cell)) if at == CARDS else cell for at, cell in enumerate(row))
                if name == "异常明细"
                else row
                for row in rows
            ]
            for name, rows in books[which].items()
        }
        for which in ("whole", "cut off")
    )
    assert cut == whole


def test_february_has_the_days_of_the_notice(books: dict[str, Any]) -> None:
    assert [day for day in range(1, 29) if date(2026, 2, day).isoweekday() > 5 and day in WORKED] == [14, 28]
