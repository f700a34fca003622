"""Working time and legal days of a hall (DESIGN §4; 行政许可法 82, 民法典 201, 203). Pure: no clock, no file, no store.

`build_calendar(spec, notices)` gives an immutable `WorkCalendar`; `load_spec` reads the table of a
`config/calendar/*.toml`, `parse_notice` a State Council notice (国务院办公厅放假通知) as JSON. Callers read the files.
Why it is built on tables and which edges were decided how: docs/adr/0002-working-calendar.md.
"""

from monitor.workcal.basis import Basis, Paper
from monitor.workcal.calendar import WorkCalendar, build_calendar
from monitor.workcal.legal import Deadline, Pause, PauseEdge, Step
from monitor.workcal.notice import NoticeDay, notice_paper, parse_notice
from monitor.workcal.spec import DEFAULT_WEEK, CalendarSpec, Override, Season, load_spec, week_of
from monitor.workcal.written import differing_days, spec_table

__all__ = [
    "DEFAULT_WEEK",
    "Basis",
    "CalendarSpec",
    "Deadline",
    "NoticeDay",
    "Override",
    "Paper",
    "Pause",
    "PauseEdge",
    "Season",
    "Step",
    "WorkCalendar",
    "build_calendar",
    "differing_days",
    "load_spec",
    "notice_paper",
    "parse_notice",
    "spec_table",
    "week_of",
]
