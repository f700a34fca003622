"""The snapshot's JSON: sorted, exact, and back to the same value."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.assessment.snapshot import (
    Adjusted,
    Award,
    BookUsed,
    Decided,
    FiredEffect,
    Line,
    MonthPoints,
    Note,
    OpenProposal,
    Sheet,
    Snapshot,
    UnknownSpan,
    Words,
    from_json,
    points,
    to_json,
)
from monitor.model import Reason

LATE = Words("迟到", "late")


def snapshot(**changed: object) -> Snapshot:
    line = Line(
        row="A07.late", article="001.2 §14(4)", name=LATE, points=Decimal("-0.50"), date=date(2026, 3, 2),
        month="2026-03", of_month="2026-02", source="late", fact="slot:p1/2026-03-02/am_in", cards=(7, 3),
        figures={"minutes": 12, "charged": "window", "share": 0.25, "zh": "迟到"}, confirmer="lei", reverses=0,
    )  # fmt: skip
    sheet = Sheet(
        id="w1", unit="u1", window="w1", start=Decimal("100.00"), full=Decimal("99.50"), points=Decimal("99.50"),
        months=(MonthPoints("2026-03", Decimal("99.50")),), lines=(line,),
        adjustments=(Adjusted(kind="cap", points=Decimal("0.50"), row="A07.late"),), grade="excellent",
        grade_name=Words("优秀", "excellent"), place=1, tied=True, unknown=2, effects=("unqualified A09",),
        why=(Reason(code="quota", figures={"share": "0.2"}),),
    )  # fmt: skip
    values: dict[str, object] = {
        "hall": "h1", "name": "政务大厅", "period": "2026-03", "kind": "month", "version": 1, "state": "closed",
        "made_at": datetime(2026, 4, 3, 8, tzinfo=UTC), "made_by": "lei",
        "book": BookUsed(version="tianyang@1", name="tianyang", title=Words("田阳", "Tianyang")), "policy": "p@1",
        "choices": {"late_over_15": "off_post", "inclusive": True, "floor": "0"}, "inputs": "00ff", "people": (),
        "windows": (sheet,), "statistics": {"received": 3, "rate": None},
        "proposals": (OpenProposal(
            ledger="staff", whom="p1", row="A05", article="§23(1)", name=Words("脱岗", "off post"),
            points=Decimal("-0.50"), date=date(2026, 3, 3), source="off_post", fact="post:w1/2026-03-03/0830",
            why="unconfirmed", number=4),),
        "unknown": (UnknownSpan(subject="slot:p1/2026-03-04/am_in", date=date(2026, 3, 4), why="unknown", staff="p1"),),
        "effects": (FiredEffect(
            id="A09", article="§20b(4)", name=Words("旷工", "absent"), effect="unqualified", ledger="window", whom="w1",
            counted="2026-03", reached=date(2026, 3, 9), stands=True, why=Reason(code="x", figures={"n": 3}),
            facts=("absent x",)),),
        "awards": (Award(ledger="window", whom="w1", period="2026-Q1", place=1, state="awarded",
                         why=Reason(code="top"), nominees=("p1",)),),
        "told": (Reason(code="tie"),), "decided": (Decided(what="award", ledger="window", whom="w1"),),
        "names": {"staff": {"p1": "张三"}, "window": {"p1": "一号窗口"}}, "notes": (Note(code="x", text=LATE),),
    }  # fmt: skip
    return Snapshot(**(values | changed))  # type: ignore[arg-type]


def test_the_json_comes_back_as_the_same_value_and_the_same_bytes() -> None:
    made = snapshot()
    text = to_json(made)
    assert from_json(text) == made
    assert to_json(from_json(text)) == text


def test_keys_are_sorted_points_are_strings_of_two_places_and_chinese_is_written_as_it_is() -> None:
    text = to_json(snapshot())
    told = json.loads(text)
    assert json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() == text
    sheet = told["windows"][0]
    assert sheet["points"] == "99.50"
    assert sheet["months"] == [["2026-03", "99.50"]]
    assert sheet["lines"][0]["points"] == "-0.50"
    assert sheet["lines"][0]["name"] == {"en": "late", "zh": "迟到"}


def test_the_order_in_which_mappings_were_filled_does_not_show() -> None:
    forth = snapshot(choices={"a": 1, "b": 2}, names={"staff": {"p1": "甲", "p2": "乙"}, "window": {}})
    back = snapshot(choices={"b": 2, "a": 1}, names={"window": {}, "staff": {"p2": "乙", "p1": "甲"}})
    assert to_json(forth) == to_json(back)


def test_a_name_is_looked_up_within_its_kind() -> None:
    made = snapshot()
    assert [made.named("staff", "p1"), made.named("window", "p1"), made.named("unit", "p1")] == [
        "张三",
        "一号窗口",
        "p1",
    ]
    assert made.named("staff", None) == ""


@pytest.mark.parametrize("text", [b"", b"{}", b'{"hall": 1}', to_json(snapshot()).replace(b'"closed"', b'"opened"')])
def test_what_is_no_snapshot_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        from_json(text)


@given(st.decimals(min_value=-1000, max_value=1000, places=4))
def test_points_have_two_places_and_no_negative_zero(value: Decimal) -> None:
    made = points(value)
    assert made.as_tuple().exponent == -2
    assert not str(made).startswith("-0.00")
    assert abs(made - value) <= Decimal("0.005")
