"""By which paper a date is off or worked: the notice of its year, an imported one, the hall's calendar, the statute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from monitor.wording import step_text
from monitor.workcal import CalendarSpec, NoticeDay, Override, Paper, Step, build_calendar, notice_paper

OWN = CalendarSpec(
    name="own.toml",
    overrides=(
        Override(date=date(2026, 3, 4), kind="holiday", name="系统升级"),
        Override(date=date(2026, 3, 7), kind="rota", name="周六轮班"),
        Override(date=date(2026, 3, 5), kind="holiday"),
    ),
)
NOTICE = [
    NoticeDay(name="元旦", date=date(2027, 1, 1), off=True),
    NoticeDay(name="元旦", date=date(2027, 1, 9), off=False),
]
PAPERS = {2027: Paper(title="国务院办公厅关于2027年部分节假日安排的通知", source="2027.json")}
YEARLY = "依据《国务院办公厅关于{}年部分节假日安排的通知》"


@dataclass(frozen=True, kw_only=True)
class Day:
    """A date, and how its step reads in both languages."""

    why: str
    day: str
    zh: str
    en: str
    spec: CalendarSpec | None = None
    notices: tuple[NoticeDay, ...] = ()
    papers: bool = True


DAYS = [
    Day(
        why="a holiday is off by the notice of its year",
        day="2026-10-01",
        zh=f"国庆节，法定节假日，不计入（{YEARLY.format(2026)}）",
        en="National Day, public holiday, not counted "
        "(by the State Council's notice on the days off of 2026, 《国务院办公厅关于2026年部分节假日安排的通知》)",
    ),
    Day(
        why="a make-up day is worked by it",
        day="2026-10-10",
        zh=f"调休上班日，计入（{YEARLY.format(2026)}）",
        en="make-up working day, counted "
        "(by the State Council's notice on the days off of 2026, 《国务院办公厅关于2026年部分节假日安排的通知》)",
    ),
    Day(
        why="the new year's holiday that begins in December is off by the notice of the year that begins",
        day="2018-12-31",
        zh=f"元旦，法定节假日，不计入（{YEARLY.format(2019)}）",
        en="New Year, public holiday, not counted "
        "(by the State Council's notice on the days off of 2019, 《国务院办公厅关于2019年部分节假日安排的通知》)",
    ),
    Day(
        why="the Spring Festival of 2020 was lengthened by a notice of its own",
        day="2020-01-31",
        zh="春节，法定节假日，不计入（依据《国务院办公厅关于延长2020年春节假期的通知》）",
        en="Spring Festival, public holiday, not counted "
        "(by the State Council's notice on the days off of 2020, 《国务院办公厅关于延长2020年春节假期的通知》)",
    ),
    Day(why="an ordinary weekend needs no paper", day="2026-03-07", zh="周末，不计入", en="weekend, not counted"),
    Day(
        why="an ordinary workday needs none",
        day="2026-03-04",
        zh="工作日，计入",
        en="working day, counted",
    ),
    Day(
        why="the hall's own closure by its reason and its file",
        day="2026-03-04",
        spec=OWN,
        zh="本厅停办，不计入（依据本厅日历，系统升级，来源 own.toml）",
        en="closed by the hall, not counted (by the hall's own calendar, 系统升级, source own.toml)",
    ),
    Day(
        why="a closure without a reason is no public holiday either",
        day="2026-03-05",
        spec=OWN,
        zh="本厅停办，不计入（依据本厅日历，来源 own.toml）",
        en="closed by the hall, not counted (by the hall's own calendar, source own.toml)",
    ),
    Day(
        why="the Saturday of a rota (B10)",
        day="2026-03-07",
        spec=OWN,
        zh="轮班上班日，计入（依据本厅日历，周六轮班，来源 own.toml）",
        en="rota working day, counted (by the hall's own calendar, 周六轮班, source own.toml)",
    ),
    Day(
        why="an imported notice by its title and its file",
        day="2027-01-01",
        notices=tuple(NOTICE),
        zh="元旦，法定节假日，不计入（依据导入的《国务院办公厅关于2027年部分节假日安排的通知》，来源 2027.json）",
        en="New Year, public holiday, not counted "
        "(by the imported notice 《国务院办公厅关于2027年部分节假日安排的通知》, source 2027.json)",
    ),
    Day(
        why="an imported notice that says nothing of itself",
        day="2027-01-09",
        notices=tuple(NOTICE),
        papers=False,
        zh="调休上班日，计入（依据导入的 2027 年放假通知）",
        en="make-up working day, counted (by the imported notice of 2027)",
    ),
    Day(
        why="in a year without a notice a holiday is one by the statute alone",
        day="2027-10-01",
        zh="国庆节，法定节假日，不计入（2027 年放假安排未公布，仅依《全国年节及纪念日放假办法》推定，尚不确定）",
        en="National Day, public holiday, not counted (the notice of 2027 is not out: by statute only, uncertain)",
    ),
    Day(
        why="in such a year a weekend may become a make-up day",
        day="2027-10-09",
        zh="周末，不计入（2027 年放假安排未公布，可能调休，尚不确定）",
        en="weekend, not counted (the notice of 2027 is not out: the day may be moved, uncertain)",
    ),
    Day(
        why="and a weekday a day off",
        day="2027-10-11",
        zh="放假安排未公布，暂计入（2027 年放假安排未公布，可能调休，尚不确定）",
        en="year not published yet, counted provisionally "
        "(the notice of 2027 is not out: the day may be moved, uncertain)",
    ),
]


@pytest.mark.parametrize("case", DAYS, ids=lambda c: c.why)
def test_by_which_notice_a_day_counts_or_not(case: Day) -> None:
    calendar = build_calendar(case.spec, case.notices, PAPERS if case.papers else {})
    day = date.fromisoformat(case.day)
    start = datetime.fromordinal(day.toordinal() - 1).replace(hour=2, tzinfo=UTC)
    step = next(s for s in calendar.due_in_days(start, 6).steps if s.date == day)
    told = step.to_json()
    assert step_text(told["why"], "zh", told["by"]) == case.zh
    assert step_text(told["why"], "en", told["by"]) == case.en


def test_the_field_of_a_step() -> None:
    steps: dict[date, Step] = {
        s.date: s for s in build_calendar().due_in_days(datetime(2026, 9, 30, 2, tzinfo=UTC), 3).steps
    }
    assert steps[date(2026, 10, 1)].to_json() == {
        "date": "2026-10-01",
        "counted": False,
        "why": "holiday:国庆节",
        "by": {
            "kind": "notice",
            "title": "国务院办公厅关于2026年部分节假日安排的通知",
            "year": 2026,
            "source": None,
        },
    }
    assert steps[date(2026, 9, 30)].to_json()["by"] is None, "the day of the start is out by another reason"


@pytest.mark.parametrize(
    ("obj", "title", "source"),
    [
        ({"year": 2027, "title": "通知", "source": "国办发明电〔2026〕1号"}, "通知", "国办发明电〔2026〕1号"),
        ({"year": 2027, "papers": ["https://www.gov.cn/a.htm", "b"], "$id": "x"}, "", "https://www.gov.cn/a.htm"),
        ({"year": 2027, "$id": "https://example.org/2027.json"}, "", "https://example.org/2027.json"),
        ({"year": 2027, "title": 3, "papers": "x"}, "", ""),
        ([{"name": "元旦"}], "", ""),
    ],
)
def test_what_a_notice_calls_itself(obj: object, title: str, source: str) -> None:
    assert notice_paper(obj) == Paper(title=title, source=source)
