"""Times as a map says they are written: the quick way to read digits gives what strptime gives, or leaves it to it."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.ingest.maps import TimeFormat

FORMATS = [
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y%m%d%H%M%S",
    "%d.%m.%Y",
    "%Y年%m月%d日 %H时%M分",
    "%y-%m-%d",
    "%H:%M",
]


def both(form: str, text: str) -> tuple[datetime | str, datetime | str]:
    found: list[datetime | str] = []
    for read in (TimeFormat(format=form).parsed, lambda t: datetime.strptime(t, form)):  # noqa: DTZ007
        try:
            found.append(read(text))
        except ValueError:
            found.append("no time")
    return found[0], found[1]


@given(st.sampled_from(FORMATS), st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2199, 12, 31)))  # noqa: DTZ001
def test_a_time_is_read_as_strptime_reads_it(form: str, at: datetime) -> None:
    ours, theirs = both(form, at.strftime(form))
    assert ours == theirs != "no time"


@given(st.sampled_from(FORMATS), st.text(alphabet="0123456789-/:. 年月日时分٣", max_size=20))
def test_and_what_is_none_is_none_for_both(form: str, text: str) -> None:
    ours, theirs = both(form, text)
    assert ours == theirs


@pytest.mark.parametrize(
    ("text", "is_time"),
    [
        ("2026-3-2 9:05:00", True),
        ("2026-03-02 09:05:60", False),
        ("2026-02-29 09:05:00", False),
        ("2026-03-02  09:05:00", True),
        ("2026-03-02 09:05", False),
    ],
)
def test_single_digits_and_impossible_ones(text: str, is_time: bool) -> None:
    ours, _ = both(FORMATS[0], text)
    assert isinstance(ours, datetime) is is_time
