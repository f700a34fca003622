"""What some ratings come to, and how charts of them are drawn; the spans that can be asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from fastapi import HTTPException

from monitor.console.pages.ratewords import levels, tags
from monitor.console.pages.ratingcharts import BOTTOM, HEIGHT, TOP, numbers, ratios
from monitor.console.ratebodies import TAGS
from monitor.console.ratingfilter import asked_ratings, span_of
from monitor.evaluators.satisfaction import FEW, Scores, summed
from monitor.supervision.ratinglinks import secret_for
from monitor.timeliness.policy import TimelinessPolicy

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 4, 7, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("counted", "bad_at_most", "ratio", "average"),
    [
        ((0, 0, 0, 0, 0), 2, None, None),
        ((1, 0, 0, 0, 0), 2, 0.0, 1.0),
        ((0, 1, 1, 0, 0), 2, 0.5, 2.5),
        ((0, 1, 1, 0, 0), 3, 0.0, 2.5),
        ((0, 1, 1, 0, 0), 0, 1.0, 2.5),
        ((1, 0, 0, 0, 99), 2, 0.99, 4.96),
    ],
)
def test_ratio_and_average(
    counted: tuple[int, int, int, int, int], bad_at_most: int, ratio: float | None, average: float | None
) -> None:
    scores = Scores(counted=counted)
    assert (scores.ratio(bad_at_most), scores.average) == (ratio, average)


def test_few_is_told_and_sums_add_up() -> None:
    parts = [Scores(counted=(0, 0, 0, 0, FEW - 1), set_aside=1), Scores(counted=(1, 0, 0, 0, 0), set_aside=2)]
    assert [part.few for part in parts] == [True, True]
    whole = summed(parts)
    assert (whole.total, whole.set_aside, whole.few) == (FEW, 3, False)


def test_columns_stand_on_the_ground_and_reach_no_higher_than_the_axis() -> None:
    trend = [Scores(counted=(2, 1, 0, 0, 7)), Scores(), Scores(counted=(0, 0, 0, 0, 37))]
    chart = numbers([date(2026, 3, n) for n in (1, 2, 3)], trend, "day", 2)
    for column in chart.columns:
        assert column.good_y + column.good_height == pytest.approx(HEIGHT - BOTTOM)
        assert column.bad_y + column.bad_height == pytest.approx(column.good_y, abs=0.11)
        assert column.bad_y >= TOP - 0.11
    assert chart.columns[0].bad_height > 0
    assert (chart.columns[1].good_height, chart.columns[2].bad_height) == (0, 0)
    assert [text for _, text in chart.ticks] == ["0", "10", "20", "30", "40"]
    assert [text for _, text in chart.labels] == ["03-01", "03-02", "03-03"]


def test_a_line_has_a_gap_where_nobody_rated_and_hollow_points_where_few_did() -> None:
    some, many = Scores(counted=(1, 0, 0, 0, 3)), Scores(counted=(0, 0, 0, 0, FEW))
    chart = ratios([date(2026, n, 1) for n in range(1, 6)], [some, many, Scores(), many, many], "month", 2)
    assert [point.few for point in chart.points] == [True, False, False, False]
    assert len(chart.lines) == 2
    assert chart.points[1].y == TOP
    assert [text for _, text in chart.ticks] == ["70%", "85%", "100%"]


@pytest.mark.parametrize(
    ("asked", "first", "last", "edges"),
    [
        ({"span": "today"}, "2026-03-04", "2026-03-04", 2),
        ({"span": "week"}, "2026-03-02", "2026-03-04", 4),
        ({}, "2026-03-01", "2026-03-04", 5),
        ({"span": "quarter"}, "2026-01-01", "2026-03-04", 64),
        ({"day_from": "2026-02-10"}, "2026-02-10", "2026-03-04", 24),
        ({"day_to": "2026-02-10"}, "2026-02-01", "2026-02-10", 11),
        ({"day_from": "2025-11-15", "day_to": "2026-03-02"}, "2025-11-15", "2026-03-02", 6),
    ],
)
def test_spans_are_whole_days_of_the_hall(asked: dict[str, str], first: str, last: str, edges: int) -> None:
    span = span_of(asked_ratings(**asked), SHANGHAI, NOW)  # type: ignore[arg-type]
    assert (span.first.isoformat(), span.last.isoformat(), len(span.edges)) == (first, last, edges)
    assert {edge.astimezone(SHANGHAI).time().isoformat() for edge in span.edges} == {"00:00:00"}
    assert list(span.edges) == sorted(set(span.edges))


def test_a_span_that_is_none_is_refused() -> None:
    with pytest.raises(HTTPException, match="止早于起"):
        span_of(asked_ratings(day_from="2026-03-02", day_to="2026-03-01"), SHANGHAI, NOW)


def test_tags_have_words_and_one_of_them_denies_the_completion() -> None:
    assert tuple(tags(lambda text: text)) == TAGS
    assert set(levels(lambda text: text)) == {1, 2, 3, 4, 5}
    assert [tag for tag in TAGS if tag in TimelinessPolicy().not_done_tags] == ["未办结"]


def test_a_secret_is_made_anew_from_the_same_three_and_from_no_others() -> None:
    made = secret_for("jct_a", "k", b"{}")
    assert made == secret_for("jct_a", "k", b"{}")
    others = {secret_for("jct_b", "k", b"{}"), secret_for("jct_a", "l", b"{}"), secret_for("jct_a", "k", b"[]"), made}
    assert len(others) == 4
    assert "jct_a" not in made
