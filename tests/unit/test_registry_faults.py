"""Every fault of a registry or plans input names its table, row, column and value; all are listed at once."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from monitor.ingest.payloads import CASE_EVENTS
from monitor.ingest.plans import check_plans
from monitor.ingest.registry import check_registry
from monitor.ingest.registry_checks import EMITTED, Known
from monitor.ingest.tables import InputErrors, read_tables, tables_of
from monitor.model import CHANNELS, KIND_CHANNELS, Device, Hall, Registry, Staff, Unit, Window
from tests.registry_rows import HALL_TOML

STORED = Registry(
    version=1,
    halls={"h9": Hall(id="h9"), "h8": Hall(id="h8", parent="h9")},
    units={"u9": Unit(id="u9", hall="h9")},
    windows={"w9": Window(id="w9", hall="h9", unit="u9")},
    staff={"s9": Staff(id="s9", unit="u9")},
    devices={"d9": Device(id="d9", kind="camera", hall="h9")},
)
KNOWN = Known(registry=STORED, calendars=frozenset({"default", "night"}), presets=frozenset({"tongshan"}))


def places(caught: pytest.ExceptionInfo[InputErrors]) -> list[tuple[str, int | None, str | None, Any]]:
    return [(e.place.removeprefix("F "), e.row, e.column, e.value) for e in caught.value.errors]


def toml(text: str) -> Any:
    return tables_of(tomllib.loads(text), "F")


FAULTS: list[tuple[str, str, list[tuple[str, int | None, str | None, Any]]]] = [
    ("an unknown table", '[[desks]]\nid = "a"', [("[desks]", None, None, None)]),
    ("an unknown column", '[[halls]]\nid = "a"\ncolour = "red"', [("[halls]", 1, "colour", None)]),
    ("no id", '[[halls]]\nname = "a"', [("[halls]", 1, "id", None)]),
    ("an id of other letters", '[[halls]]\nid = "H1"', [("[halls]", 1, "id", "H1")]),
    ("an id twice", '[[halls]]\nid = "a"\n[[halls]]\nid = "b"\n[[halls]]\nid = "a"', [("[halls]", 3, "id", "a")]),
    ("a zone that is none", '[[halls]]\nid = "a"\nzone = "Asia/Beijing"', [("[halls]", 1, "zone", "Asia/Beijing")]),
    ("a zone that is a folder", '[[halls]]\nid = "a"\nzone = "Asia"', [("[halls]", 1, "zone", "Asia")]),
    ("an unknown preset", '[[halls]]\nid = "a"\nattendance = "x"', [("[halls]", 1, "attendance", "x")]),
    ("an unknown calendar", '[[halls]]\nid = "a"\ncalendar = "x"', [("[halls]", 1, "calendar", "x")]),
    ("a parent that is nowhere", '[[halls]]\nid = "a"\nparent = "x"', [("[halls]", 1, "parent", "x")]),
    ("a hall under itself", '[[halls]]\nid = "a"\nparent = "a"', [("[halls]", 1, "parent", "a")]),
    (
        "halls in a circle with a stored one",
        '[[halls]]\nid = "h9"\nparent = "a"\n[[halls]]\nid = "a"\nparent = "h8"',
        [("[halls]", 1, "parent", "a"), ("[halls]", 2, "parent", "h8")],
    ),
    ("a unit without a hall", '[[units]]\nid = "a"', [("[units]", 1, "hall", None)]),
    ("a head who is nobody", '[[units]]\nid = "a"\nhall = "h9"\nhead = "x"', [("[units]", 1, "head", "x")]),
    ("a window that stands nowhere", '[[windows]]\nid = "a"', [("[windows]", 1, "hall", None)]),
    ("a window's calendar", '[[windows]]\nid = "a"\nhall = "h9"\ncalendar = "x"', [("[windows]", 1, "calendar", "x")]),
    ("half a person", '[[windows]]\nid = "a"\nhall = "h9"\nmin_staff = 1.5', [("[windows]", 1, "min_staff", 1.5)]),
    (
        "a truth that is neither",
        '[[windows]]\nid = "a"\nhall = "h9"\nrequires_duty = "maybe"',
        [("[windows]", 1, "requires_duty", "maybe")],
    ),
    ("staff of no unit", '[[staff]]\nid = "a"\nunit = "x"', [("[staff]", 1, "unit", "x")]),
    ("a contact without a scheme", '[[staff]]\nid = "a"\ncontacts = ["张三"]', [("[staff]", 1, "contacts", ["张三"])]),
    (
        "a post of nobody at no window",
        '[[posts]]\nrank = "A"',
        [("[posts]", 1, "window", None), ("[posts]", 1, "staff", None)],
    ),
    (
        "a post that refers to nothing",
        '[[posts]]\nwindow = "x"\nstaff = "y"',
        [("[posts]", 1, "window", "x"), ("[posts]", 1, "staff", "y")],
    ),
    ("an unknown rank", '[[posts]]\nwindow = "w9"\nstaff = "s9"\nrank = "C"', [("[posts]", 1, "rank", "C")]),
    (
        "a post that ends as it begins",
        '[[posts]]\nwindow = "w9"\nstaff = "s9"\nfrom = "2026-03-02"\nto = "2026-03-02"',
        [("[posts]", 1, "to", date(2026, 3, 2))],
    ),
    (
        "a post twice",
        '[[posts]]\nwindow = "w9"\nstaff = "s9"\n[[posts]]\nwindow = "w9"\nstaff = "s9"\nrank = "A"',
        [("[posts]", 2, "window+staff+rank+from", "w9/s9/A")],
    ),
    ("an unknown kind of item", '[[items]]\nid = "a"\nkind = "slow"', [("[items]", 1, "kind", "slow")]),
    ("a negative limit", '[[items]]\nid = "a"\npromised = -1', [("[items]", 1, "promised", -1)]),
    ("half a legal day", '[[items]]\nid = "a"\nstatutory = 2.5', [("[items]", 1, "statutory", 2.5)]),
    ("an unknown unit of time", '[[items]]\nid = "a"\nunit_of_time = "week"', [("[items]", 1, "unit_of_time", "week")]),
    ("two versions of one day", '[[items]]\nid = "a"\n[[items]]\nid = "a"', [("[items]", 2, "id+from", "a")]),
    ("a device of no kind", '[[devices]]\nid = "a"\nhall = "h9"', [("[devices]", 1, "kind", None)]),
    ("a device that stands nowhere", '[[devices]]\nid = "a"\nkind = "camera"', [("[devices]", 1, "hall", None)]),
    (
        "a channel outside the device's kind",
        '[[devices]]\nid = "a"\nkind = "camera"\nhall = "h9"\nchannels = ["presence", "checkin"]',
        [("[devices]", 1, "channels", "checkin")],
    ),
    (
        "an event that the kind cannot emit",
        '[[devices]]\nid = "a"\nkind = "cases"\nhall = "h9"\nemits = ["accepted", "completd"]',
        [("[devices]", 1, "emits", "completd")],
    ),
    (
        "serves nobody that is known",
        '[[devices]]\nid = "a"\nkind = "terminal"\nhall = "h9"\nserves = ["u9", "s9", "*", "x"]',
        [("[devices]", 1, "serves", "x")],
    ),
    (
        "a device in another hall than its window",
        '[[devices]]\nid = "a"\nkind = "camera"\nhall = "h8"\nwindow = "w9"',
        [("[devices]", 1, "window", "w9")],
    ),
    (
        "an unknown watermark",
        '[[devices]]\nid = "a"\nkind = "camera"\nhall = "h9"\nwatermark = "never"',
        [("[devices]", 1, "watermark", "never")],
    ),
    (
        "faults of several tables, each listed",
        '[[units]]\nid = "U"\nhall = "x"\n[[halls]]\nid = "a"\nzone = "x"\nparent = "y"',
        [
            ("[halls]", 1, "zone", "x"),
            ("[halls]", 1, "parent", "y"),
            ("[units]", 1, "id", "U"),
            ("[units]", 1, "hall", "x"),
        ],
    ),
]


@pytest.mark.parametrize(("what", "text", "expected"), FAULTS, ids=[case[0] for case in FAULTS])
def test_a_registry_fault_is_named_by_its_place(
    what: str, text: str, expected: list[tuple[str, int | None, str | None, Any]]
) -> None:
    with pytest.raises(InputErrors) as caught:
        check_registry(toml(text), KNOWN)
    assert places(caught) == expected, what


SPAN = 'from = "2026-03-02T08:30+08:00"\nto = "2026-03-02T09:00+08:00"'
PLAN_FAULTS: list[tuple[str, str, list[tuple[str, int | None, str | None, Any]]]] = [
    (
        "leave without anything",
        '[[leave]]\nid = "l1"',
        [("[leave]", 1, name, None) for name in ("staff", "kind", "from", "to")],
    ),
    ("an unknown kind", f'[[leave]]\nid = "1"\nstaff = "s9"\nkind = "moon"\n{SPAN}', [("[leave]", 1, "kind", "moon")]),
    ("leave of nobody", f'[[leave]]\nid = "1"\nstaff = "x"\nkind = "sick"\n{SPAN}', [("[leave]", 1, "staff", "x")]),
    (
        "a time without an offset",
        '[[outings]]\nid = "o"\nstaff = "s9"\nfrom = "2026-03-02T08:30"\nto = "2026-03-02T09:00+08:00"',
        [("[outings]", 1, "from", "2026-03-02T08:30")],
    ),
    (
        "an end before the start, though it reads later",
        '[[outings]]\nid = "o"\nstaff = "s9"\nfrom = "2026-03-02T08:30+00:00"\nto = "2026-03-02T09:00+08:00"',
        [("[outings]", 1, "to", "2026-03-02T09:00+08:00")],
    ),
    ("a closure of nothing", f'[[closures]]\nid = "c"\n{SPAN}', [("[closures]", 1, "hall", None)]),
    (
        "a closure of hall and window",
        f'[[closures]]\nid = "c"\nhall = "h9"\nwindow = "w9"\n{SPAN}',
        [("[closures]", 1, "hall", "h9")],
    ),
    (
        "a rota of a day that is none",
        '[[rota]]\nid = "r"\nrole = "lead"\nstaff = "s9"\ndate = "2026-02-30"',
        [("[rota]", 1, "date", "2026-02-30")],
    ),
    (
        "a plan twice",
        f'[[overtime]]\nid = "o"\nstaff = "s9"\n{SPAN}\n[[overtime]]\nid = "o"\nstaff = "s9"\n{SPAN}',
        [("[overtime]", 2, "id", "o")],
    ),
    (
        "a column of another table",
        f'[[outings]]\nid = "o"\nstaff = "s9"\nletter = "1"\n{SPAN}',
        [("[outings]", 1, "letter", None)],
    ),
]


@pytest.mark.parametrize(("what", "text", "expected"), PLAN_FAULTS, ids=[case[0] for case in PLAN_FAULTS])
def test_a_plan_fault_is_named_by_its_place(
    what: str, text: str, expected: list[tuple[str, int | None, str | None, Any]]
) -> None:
    with pytest.raises(InputErrors) as caught:
        check_plans(toml(text), STORED)
    assert places(caught) == expected, what


def test_a_fault_reads_in_chinese_then_english_with_file_row_column_value_and_way_out(tmp_path: Path) -> None:
    (tmp_path / "windows.csv").write_text("id,hall,colour\nw1,nowhere,\n")
    with pytest.raises(InputErrors) as caught:
        check_registry(read_tables(tmp_path), KNOWN)
    colour, hall = str(caught.value).splitlines()
    assert colour.startswith("windows.csv 第 1 行 colour：未知的列；可用的列：id、hall、")
    assert " | windows.csv row 1 colour: unknown column; known here: id, hall, " in colour
    assert hall == (
        "windows.csv 第 2 行 hall = 'nowhere'：halls 里没有这个编号；先登记它或改正编号"
        " | windows.csv row 2 hall = 'nowhere': no such id in halls, neither in the input nor stored;"
        " add it there or correct it"
    )


def test_a_good_registry_is_completed_with_defaults_and_derived_halls() -> None:
    rows = check_registry(toml(HALL_TOML), KNOWN)
    assert rows["windows"][1] == {
        "id": "w02", "hall": "h1", "unit": "tax", "name": "", "min_staff": 1, "lead": None, "calendar": "",
        "requires_duty": False,
    }  # fmt: skip
    assert (rows["devices"][1]["hall"], rows["devices"][1]["serves"]) == ("h1", None)
    assert rows["staff"][0]["contacts"] == ["mailto:zhang@example.com", "wecombot://key,1"]


@pytest.mark.parametrize(
    ("written", "stored"),
    [("a@example.com", "mailto:a@example.com"), ("138-0000 0000", "tel:13800000000"), ("json://h/x", "json://h/x")],
)
def test_a_bare_address_or_number_gets_its_scheme(written: str, stored: str) -> None:
    rows = check_registry(toml(f'[[staff]]\nid = "a"\ncontacts = ["{written}"]'), KNOWN)
    assert rows["staff"][0]["contacts"] == [stored]


def test_every_channel_that_a_kind_may_use_says_what_can_be_emitted_on_it() -> None:
    used = {channel for channels in KIND_CHANNELS.values() for channel in channels}
    assert set(EMITTED) == used == set(CHANNELS) - {"status", "heartbeat"}
    assert set(EMITTED["case"]) == set(CASE_EVENTS)
