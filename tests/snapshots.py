"""Snapshots made by hand, for tests of reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from monitor.assessment.snapshot import (
    Adjusted,
    Award,
    BookUsed,
    FiredEffect,
    Line,
    MonthPoints,
    Note,
    OpenProposal,
    Sheet,
    Snapshot,
    UnknownSpan,
    Words,
)
from monitor.model import Reason

MADE = datetime(2026, 4, 7, 2, 30, tzinfo=UTC)
CHOICES: dict[str, Any] = {
    "late_over_15": "off_post", "offpost_minutes": 15, "late_amount": "both", "offpost_vs_unstaffed": "both",
    "accumulate_period": "year", "and_or_20b5": "either", "inclusive": True, "overdue_days_unit": "workday",
    "rolling_20": "rolling", "absent_units": 2, "month_15": "each_month", "year_words": "annual", "floor": "0",
    "overdue_10": "after_confirmation", "checks": 4, "denominators": "stated",
}  # fmt: skip
FIGURES: dict[str, Any] = {
    "received": 1240, "received_immediate": 606, "received_promised": 634, "received_joint": 0, "accepted": 1238,
    "completed": 1226, "completed_immediate": 606, "completed_promised": 620, "left": 4, "completion_rate": 0.98871,
    "immediate_rate": 0.494290, "promised_on_time": 619, "promised_on_time_rate": 0.998387, "promised_early": 610,
    "promised_early_rate": 0.983871, "completed_on_time": 1225, "completed_late": 1, "open": 10, "open_overdue": 0,
    "overdue": 1, "received_per_workday": 56.36, "received_per_day": 40.0, "completed_per_workday": 55.73,
    "completed_per_day": 39.55, "saved_workdays": 37.0, "saved_items": 4,
}  # fmt: skip
STATISTICS: dict[str, Any] = {
    "days": {"workdays": 22, "calendar": 31},
    "figures": FIGURES,
    "parts": None,
    "checks": [{"check": "received = Σ kinds", "expected": 1240, "found": 1240, "ok": True}],
    "fresh": 0,
}
NAMES: dict[str, dict[str, str]] = {
    "hall": {"ty": "天阳县政务服务中心"},
    "unit": {"u1": "市场监督管理局", "u2": "公安局"},
    "window": {"w1": "企业登记窗口", "w2": "户政窗口"},
    "staff": {"p1": "张三丰", "p2": "李四", "p3": "王小五"},
    "user": {"hr01": "赵主任"},
}


def line(row: str, article: str, name: str, points: str, day: str, **more: Any) -> Line:
    base: dict[str, Any] = {"source": "late", "fact": f"slot:{day}/{row}", "month": day[:7], "of_month": day[:7]}
    words = Words(zh=name, en=row)
    return Line(row=row, article=article, name=words, points=Decimal(points), date=date.fromisoformat(day),
                **base | more)  # fmt: skip


def sheet(whom: str, *lines: Line, **more: Any) -> Sheet:
    """Of 100 with these lines: the sum, unless told otherwise."""
    full = Decimal("100.00") + sum((one.points for one in lines), Decimal("0.00"))
    base: dict[str, Any] = {
        "unit": "u1", "window": "w1", "start": Decimal("100.00"), "full": full, "points": full, "grade": "excellent",
        "grade_name": Words(zh="优秀", en="excellent"), "place": 1, "duty": 22,
    }  # fmt: skip
    return Sheet(id=whom, lines=lines, **base | more)


def told(code: str, **figures: Any) -> Reason:
    return Reason(code=code, figures={"counted": "2026-03", **figures})


def overdue_thrice() -> FiredEffect:
    why = told("assessment.effect", window="w2", name_zh="当月延期3件以上", article="001.2 §20b(5)", on="2026-03-20",
               count=11, times=3, effect="unqualified")  # fmt: skip
    return FiredEffect(
        id="C03", article="001.2 §20b(5)", name=Words(zh="当月延期3件以上", en="3 overdue"), effect="unqualified",
        ledger="window", whom="w2", counted="2026-03", stands=True, proposed=True, reached=date(2026, 3, 20),
        facts=("case.overdue case:ty/1", "case.overdue case:ty/2"), why=why,
    )  # fmt: skip


def absent_unproven() -> FiredEffect:
    why = told("assessment.effect.open", staff="p3", name_zh="旷工3天以上", article="001.2 §27(2)", open=1, run=6,
               run_limit=6, effect="return")  # fmt: skip
    return FiredEffect(
        id="A11", article="001.2 §27(2)", name=Words(zh="旷工3天以上", en="absent"), effect="return", ledger="staff",
        whom="p3", counted="2026-03", stands=False, reached=date(2026, 3, 30), why=why,
        open=("absent slot:p3/2026-03-30/am_in",),
    )  # fmt: skip


def small(**more: Any) -> Snapshot:
    """Two windows and three people of 2026-03: an early bird tied with another, one of whom too little is known, a
    correction of the closed February, a floor, an effect that stands and one that waits.
    """
    late = line("A03", "001.2 §23(1)", "迟到（15分钟内）", "-0.20", "2026-03-03", cards=(12,),
                figures={"minutes": 9, "slot": "am_in"})  # fmt: skip
    back = line("A05", "001.2 §23(1)", "脱岗", "0.50", "2026-02-11", month="2026-03", source="off_post", reverses=0,
                confirmer="hr01")  # fmt: skip
    overdue = line("C01", "001.2 §15(7)", "超时办结", "-10.00", "2026-03-20", source="case.overdue",
                   figures={"case": "ty-88", "days": 2}, confirmer="hr01")  # fmt: skip
    people = (
        sheet("p1", late, back),
        sheet("p2", unit="u2", window="w2", place=2, tied=True, points=Decimal("100.00"), unknown=3, bottom="tied"),
        sheet("p3", unit="u2", window="w2", place=None, duty=2, few="days", grade="", grade_name=None, unknown=40),
    )
    low = tuple(replace(overdue, fact=f"case:ty/{n}") for n in range(11))
    windows = (
        sheet("w1", late, unit="u1", window="w1", duty=None, award="yes"),
        sheet("w2", *low, unit="u2", window="w2", duty=None, place=2, bottom="yes", grade="unqualified",
              grade_name=Words(zh="不合格", en="unqualified"), points=Decimal("0.00"),
              adjustments=(Adjusted(kind="floor", points=Decimal("10.00")),)),
    )  # fmt: skip
    base = Snapshot(
        hall="ty", name="天阳县政务服务中心", period="2026-03", kind="month", version=1, state="closed", made_at=MADE,
        made_by="hr01", policy="default@0123456789ab", choices=CHOICES, inputs="ab" * 32, people=people,
        windows=windows, statistics=STATISTICS, names=NAMES,
        book=BookUsed(version="tianyang@fedcba987654", name="tianyang", title=Words(zh="考评办法", en="Tianyang")),
        proposals=(
            OpenProposal(ledger="staff", whom="p2", row="A05", article="001.2 §23(1)", name=Words(zh="脱岗", en="off"),
                         points=Decimal("-0.50"), date=date(2026, 3, 9), source="off_post", fact="card:15",
                         why="unconfirmed", number=4, cards=(15,)),
        ),
        unknown=(
            UnknownSpan(subject="p2/2026-03-05/am_in", date=date(2026, 3, 5), why="unknown", window="w2", staff="p2"),
            UnknownSpan(subject="w2/2026-03-06", date=date(2026, 3, 6), why="unwatched", window="w2"),
        ),
        effects=(overdue_thrice(), absent_unproven()),
        awards=(
            Award(ledger="window", whom="w1", period="2026-03", place=1, state="awarded", nominees=("p1",),
                  why=told("assessment.award", window="w1", place=1, seats=1)),
            Award(ledger="staff", whom="p2", period="2026-03", place=2, state="tied",
                  why=told("assessment.award.tied", staff="p2", place=2, equals=2, left=1)),
        ),
        notes=(Note(code="open", text=Words(zh="结账时仍有 1 条待定，经负责人同意", en="one was open")),),
    )  # fmt: skip
    return replace(base, **more)


def large(people: int = 250, windows: int = 60, lines: int = 20) -> Snapshot:
    """Of a big hall, with names that are too long for a column."""
    names = {kind: dict(of) for kind, of in NAMES.items()}
    names["window"] |= {f"w{n}": f"{n}号行政审批及公共服务事项综合受理窗口" for n in range(windows)}
    names["staff"] |= {f"p{n}": f"欧阳{'娜' * (n % 4)}{n}" for n in range(people)}
    names["unit"] |= {f"u{n}": f"第{n}局" for n in range(windows)}

    def of(whom: str, n: int, most: int) -> Sheet:
        mine = [
            line("A03", "001.2 §23(1)", "迟到（15分钟内）", "-0.20", f"2026-03-{1 + k % 28:02}", fact=f"{whom}/{k}",
                 cards=(n, k), figures={"minutes": k, "slot": "am_in", "due": "2026-03-02T08:30:00+08:00"})
            for k in range(most)
        ]  # fmt: skip
        return sheet(whom, *mine, unit=f"u{n % windows}", window=f"w{n % windows}", place=n + 1)

    return small(
        people=tuple(of(f"p{n}", n, lines) for n in range(people)),
        windows=tuple(of(f"w{n}", n, lines * 2) for n in range(windows)),
        names=names,
        unknown=tuple(
            UnknownSpan(subject=f"p{n}/slot", date=date(2026, 3, 1 + n % 28), why="unknown", staff=f"p{n % people}")
            for n in range(people * 2)
        ),
        effects=(), awards=(),
    )  # fmt: skip


def quarter() -> Snapshot:
    """The first quarter, of the months' mean."""
    months = tuple(MonthPoints(month=f"2026-0{n}", points=Decimal(f"9{n}.50")) for n in (1, 2, 3))
    start = Decimal("92.50")
    people = tuple(replace(one, lines=(), start=start, full=start, points=start, months=months)
                   for one in small().people)  # fmt: skip
    return small(period="2026-Q1", kind="quarter", people=people)
