"""Notices of days off as JSON and as ICS: what is read, and what is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.ingest.notices import BadNotice, read_notice

HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//test//CN\r\n"


def ics(*events: tuple[str, str, str], categories: str = "") -> bytes:
    """(summary, first day, day after the last) each."""
    parts = [HEAD]
    for number, (summary, first, after) in enumerate(events):
        end = f"DTEND;VALUE=DATE:{after}\r\n" if after else ""
        own = f"CATEGORIES:{categories}\r\n" if categories else ""
        parts.append(
            f"BEGIN:VEVENT\r\nUID:{number}@test\r\nDTSTAMP:20261104T000000Z\r\nDTSTART;VALUE=DATE:{first}\r\n"
            f"{end}{own}SUMMARY:{summary}\r\nEND:VEVENT\r\n"
        )
    return "".join([*parts, "END:VCALENDAR\r\n"]).encode()


def read(tmp_path: Path, data: bytes, year: int | None = None) -> list[tuple[str, str, bool, int | None]]:
    path = tmp_path / "notice"
    path.write_bytes(data)
    return [(f"{d.date:%Y-%m-%d}", d.name, d.off, d.year) for d in read_notice(path, year)]


WAYS = [
    ("brackets", ("元旦（休）", "20270101", "20270104"), "元旦", True),
    ("square brackets before", ("[放假]元旦", "20270101", "20270104"), "元旦", True),
    ("words after", ("元旦 假期 第1天/共3天", "20270101", "20270104"), "元旦", True),
    ("worked", ("元旦（班）", "20270101", "20270104"), "元旦", False),
    ("worked for it", ("元旦 补班", "20270101", "20270104"), "元旦", False),
    ("worked, 调休 beside it", ("元旦调休上班", "20270101", "20270104"), "元旦", False),
]


@pytest.mark.parametrize(("way", "event", "name", "off"), WAYS, ids=[w[0] for w in WAYS])
def test_each_way_of_saying_it(tmp_path: Path, way: str, event: tuple[str, str, str], name: str, off: bool) -> None:
    found = read(tmp_path, ics(event))
    assert found == [(f"2027-01-0{n}", name, off, 2027) for n in (1, 2, 3)]


def test_categories_say_it_where_the_summary_does_not(tmp_path: Path) -> None:
    assert read(tmp_path, ics(("春节调休", "20270206", "20270207"), categories="上班"))[0][1:3] == ("春节", False)


def test_an_event_without_an_end_is_one_day(tmp_path: Path) -> None:
    assert len(read(tmp_path, ics(("元旦（休）", "20270101", "")))) == 1


def test_days_of_the_year_before_belong_to_the_notice(tmp_path: Path) -> None:
    found = read(tmp_path, ics(("元旦（休）", "20261231", "20270104"), ("元旦（班）", "20270110", "20270111")))
    assert {row[3] for row in found} == {2027}
    assert {row[3] for row in read(tmp_path, ics(("元旦（休）", "20261231", "20270101")), year=2027)} == {2027}


def test_json_says_its_year_or_is_told(tmp_path: Path) -> None:
    days = [{"name": "元旦", "date": "2027-01-01", "isOffDay": True}]
    whole = json.dumps({"year": 2027, "days": days}).encode()
    assert read(tmp_path, whole) == read(tmp_path, b"\xef\xbb\xbf" + whole) == [("2027-01-01", "元旦", True, 2027)]
    assert read(tmp_path, json.dumps(days).encode(), year=2027)[0][3] == 2027
    assert read(tmp_path, json.dumps(days).encode())[0][3] is None


WRONG = [
    (b"hello", "neither JSON nor ICS"),
    (b'{"year": 2027}', "notice"),
    (HEAD.encode() + b"END:VCALENDAR\r\n", "names no day"),
    (ics(("春节调休", "20270206", "20270207")), r"VEVENT\[0\].SUMMARY.*休.*班"),
    (ics(("元旦（休）", "20270101", "20270102"), ("生日", "20270301", "20270302")), r"VEVENT\[1\].SUMMARY"),
    (ics(("暑假（休）", "20270701", "20270930")), r"VEVENT\[0\].*91 days"),
    (ics(("元旦（休）", "20270101", "20270102"), ("元旦（班）", "20270101", "20270102")), "both as off and as worked"),
]


@pytest.mark.parametrize(("data", "named"), WRONG)
def test_what_cannot_be_read_is_named(tmp_path: Path, data: bytes, named: str) -> None:
    with pytest.raises(BadNotice, match=named):
        read(tmp_path, data)
