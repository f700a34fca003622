"""A year's days off from a file: the State Council's notice as JSON, or a calendar of it as ICS (DESIGN §7)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from monitor.ingest.tables import decode
from monitor.workcal import NoticeDay, Paper, notice_paper, parse_notice

WORKED_WORDS: Final = ("上班", "补班", "班", "work")
OFF_WORDS: Final = ("放假", "假期", "休", "假", "holiday", "off")
BOTH_WAYS: Final = "调休"
"""Said of the day off and of the day worked for it: it tells nothing."""
MOST_DAYS: Final = 60
"""No event of a notice is longer; a longer one is some other calendar's."""


class BadNotice(ValueError):
    """A file that cannot be read as a notice; the text names entry and field and the way out."""


def read_notice(path: Path, year: int | None = None) -> list[NoticeDay]:
    """The days of a notice. `year` is the year that it publishes; a JSON file may say its own.

    ICS: one all-day event for each stretch of days; whether they are off or worked is said by its summary or its
    categories (休, 放假, 假期 / 班, 补班, 上班). Without `year` it is the year that most days lie in.
    Raises BadNotice; OSError for a file that cannot be read.
    """
    return notice_in(path.read_bytes(), year)


def notice_in(data: bytes, year: int | None = None) -> list[NoticeDay]:
    """As `read_notice`, of a file's content."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"BEGIN:VCALENDAR"):
        return _from_ics(data, year)
    try:
        found = json.loads(decode(data))
    except UnicodeDecodeError:
        raise BadNotice("请另存为 UTF-8 neither UTF-8 nor GB18030; save it as UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadNotice(f"不是合法的 JSON 或 ICS neither JSON nor ICS: {error}") from None
    except RecursionError:
        raise BadNotice("嵌套过深 nested too deep") from None
    if year is not None:
        found = {"year": year, "days": found.get("days") if isinstance(found, dict) else found}
    try:
        return parse_notice(found)
    except ValueError as error:
        raise BadNotice(str(error)) from None


def read_paper(path: Path) -> Paper:
    """What a notice that `read_notice` takes calls itself, and where it came from: by its own word, else the file.

    JSON: `title`, `papers`, `id` …; ICS: the calendar's name (X-WR-CALNAME).
    """
    return paper_in(path.name, path.read_bytes())


def paper_in(name: str, data: bytes) -> Paper:
    """As `read_paper`, of a file's name and content."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"BEGIN:VCALENDAR"):
        from icalendar import Calendar  # only where somebody brings an ICS file

        paper = Paper(title=str(Calendar.from_ical(data).get("X-WR-CALNAME", "")).strip())
    else:
        paper = notice_paper(json.loads(decode(data)))
    return paper if paper.source else replace(paper, source=name)


def _from_ics(data: bytes, year: int | None) -> list[NoticeDay]:
    from icalendar import Calendar  # only where somebody brings an ICS file

    try:
        events = list(Calendar.from_ical(data).walk("VEVENT"))
    except ValueError as error:
        raise BadNotice(f"ICS 无法读取 no readable ICS: {error}") from None
    rows: list[dict[str, Any]] = []
    for number, event in enumerate(events):
        rows += _days_of(event, f"VEVENT[{number}]")
    if not rows:
        raise BadNotice("ICS 中没有任何日期 the ICS file names no day")
    years = Counter(date.fromisoformat(row["date"]).year for row in rows)
    try:
        return parse_notice({"year": year or years.most_common(1)[0][0], "days": rows})
    except ValueError as error:
        raise BadNotice(f"{error}；用 --year 指明年份 name the notice's year with --year") from None


def _days_of(event: Any, where: str) -> Iterator[dict[str, Any]]:
    summary = str(event.get("SUMMARY", "")).strip()
    start, end = event.get("DTSTART"), event.get("DTEND")
    if start is None:
        raise BadNotice(f"{where}.DTSTART: 缺少 missing ({summary})")
    first = _date_of(start.dt)
    after = _date_of(end.dt) if end is not None else first + timedelta(days=1)
    after = max(after, first + timedelta(days=1))  # an end on the day itself is that day
    if (after - first).days > MOST_DAYS:
        days = (after - first).days
        raise BadNotice(
            f"{where}: {summary!r} 长达 {days} 天，不是放假通知 lasts {days} days; no notice has such an event"
        )
    off = _is_off(summary, event, where)
    for n in range((after - first).days):
        yield {"name": _name_of(summary), "date": (first + timedelta(days=n)).isoformat(), "isOffDay": off}


def _date_of(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _is_off(summary: str, event: Any, where: str) -> bool:
    """By the categories, else by the summary. Raises BadNotice where neither says it, or the summary both."""
    categories = event.get("CATEGORIES")
    listed = categories if isinstance(categories, list) else [categories] if categories is not None else []
    said = " ".join(str(word) for one in listed for word in getattr(one, "cats", [one]))
    for text in (said.lower(), summary.lower()):
        plain = text.replace(BOTH_WAYS, "")
        worked, off = (any(word in plain for word in words) for words in (WORKED_WORDS, OFF_WORDS))
        if worked != off:
            return off
    raise BadNotice(
        f"{where}.SUMMARY: {summary!r} 未写明休或班 does not say whether the day is off (休) or worked (班)"
    )


def _name_of(summary: str) -> str:
    """The holiday's own name: what is left without marks and the words on being off or worked."""
    name = summary
    for word in (BOTH_WAYS, *WORKED_WORDS[:3], *OFF_WORDS[:4]):
        name = name.replace(word, " ")
    for mark in "()（）[]【】-—·：:":
        name = name.replace(mark, " ")
    return (name.split() or [summary])[0]
