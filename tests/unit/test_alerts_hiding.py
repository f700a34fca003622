"""What hides a card: Alertmanager's tables of inhibition, silences and time intervals, restated as ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.hiding import Hidden, Silence, ends_at, hidden, inhibits, is_quiet
from alerts.matching import Match, Place, fits
from alerts.policy import AlertPolicy, Inhibit, Maintenance, Quiet
from monitor.model import Level
from monitor.workcal import build_calendar

NINE = datetime(2026, 3, 2, 1, tzinfo=UTC)
"""A Monday, 09:00 in the hall."""
ZONE = "Asia/Shanghai"


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


def place(**changes: Any) -> Place:
    given: dict[str, Any] = {"rule": "post.empty", "level": Level.YELLOW, "kind": "post", "hall": "h1", "unit": "u1",
                             "window": "w1", "key": "w1/2026-03-02/0830"}  # fmt: skip
    return Place(**(given | changes))


MATCHES: list[tuple[str, dict[str, Any], bool]] = [
    ("nothing asked: everything", {}, True),
    ("the hall", {"hall": "h1"}, True),
    ("one of some halls", {"hall": ["h2", "h1"]}, True),
    ("another hall", {"hall": "h2"}, False),
    ("all that is asked has to fit", {"hall": "h1", "window": "w2"}, False),
    ("no window is another thing than any", {"window": ""}, False),
    ("the rule", {"rule": "post.empty"}, True),
    ("a family of rules", {"rule": "post.*"}, True),
    ("just these levels", {"levels": "red"}, False),
    ("the subject", {"subject": "post:w1/2026-03-02/0830"}, True),
    ("subjects that begin so", {"subject": "post:w1/*"}, True),
    ("others", {"subject": "post:w2/*"}, False),
]


@pytest.mark.parametrize(("match", "expected"), [m[1:] for m in MATCHES], ids=[m[0] for m in MATCHES])
def test_what_is_meant(match: dict[str, Any], expected: bool) -> None:
    assert fits(Match.model_validate(match), place()) is expected


def test_a_card_of_no_window_fits_the_empty_name() -> None:
    assert fits(Match(window=("",)), place(window=None))


INHIBITIONS: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], bool]] = [
    ("source and target agree", {"source": {"levels": "red"}, "target": {"levels": "yellow"}, "equal": ["subject"]},
     {"level": Level.RED}, {}, True),
    ("they do not", {"source": {"levels": "red"}, "target": {"levels": "yellow"}, "equal": ["subject"]},
     {"level": Level.RED, "key": "other"}, {}, False),
    ("nothing has to agree", {"source": {"levels": "red"}, "target": {"levels": "yellow"}},
     {"level": Level.RED, "hall": "h2", "key": "x"}, {}, True),
    ("what neither has is equal", {"source": {"kind": "device"}, "target": {"kind": "post"}, "equal": ["window"]},
     {"kind": "device", "window": None}, {"window": None}, True),
    ("what one has is not", {"source": {"kind": "device"}, "target": {"kind": "post"}, "equal": ["window"]},
     {"kind": "device", "window": None}, {}, False),
    ("the source does not fit", {"source": {"kind": "source"}, "target": {"kind": "post"}}, {"kind": "device"}, {},
     False),
    ("the target does not fit", {"source": {"kind": "device"}, "target": {"kind": "slot"}}, {"kind": "device"}, {},
     False),
    ("what fits both sides hides nothing that does", {"source": {"kind": "post"}, "target": {"hall": "h1"}}, {},
     {"key": "w2"}, False),
    ("but what only the target fits", {"source": {"kind": "post"}, "target": {"hall": "h1"}}, {}, {"kind": "slot"},
     True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "source", "target", "expected"), [i[1:] for i in INHIBITIONS], ids=[i[0] for i in INHIBITIONS]
)
def test_inhibition(rule: dict[str, Any], source: dict[str, Any], target: dict[str, Any], expected: bool) -> None:
    assert inhibits(Inhibit.model_validate(rule), place(**source), place(**target)) is expected


CLOCKS: list[tuple[str, str, str, str, bool]] = [
    ("before it", "18:00", "22:00", "17:59:59", False),
    ("its first instant", "18:00", "22:00", "18:00:00", True),
    ("its last instant is out", "18:00", "22:00", "22:00:00", False),
    ("over midnight, before it", "18:00", "07:00", "23:59:59", True),
    ("over midnight, after it", "18:00", "07:00", "06:59:59", True),
    ("over midnight, by day", "18:00", "07:00", "12:00:00", False),
]


@pytest.mark.parametrize(("start", "end", "clock", "quiet"), [c[1:] for c in CLOCKS], ids=[c[0] for c in CLOCKS])
def test_quiet_hours(start: str, end: str, clock: str, quiet: bool) -> None:
    given = Quiet.model_validate({"from": start, "to": end})
    now = local(f"2026-03-02T{clock}")
    assert is_quiet(given, Level.YELLOW, now, ZONE) is quiet
    assert is_quiet(given, Level.RED, now, ZONE) is False, "red is exempt"
    assert (
        is_quiet(Quiet.model_validate({"from": start, "to": end, "red_exempt": False}), Level.RED, now, ZONE) is quiet
    )
    assert is_quiet(Quiet(), Level.YELLOW, now, ZONE) is False


INTERVALS: list[tuple[str, dict[str, Any], str, str | None]] = [
    ("every day", {"from": "20:00", "to": "23:00"}, "2026-03-04T21:00:00", "2026-03-04T23:00:00"),
    ("not before", {"from": "20:00", "to": "23:00"}, "2026-03-04T19:59:59", None),
    ("not at its end", {"from": "20:00", "to": "23:00"}, "2026-03-04T23:00:00", None),
    ("on its weekday", {"from": "20:00", "to": "23:00", "days": ["sat"]}, "2026-03-07T21:00:00", "2026-03-07T23:00:00"),
    ("on another", {"from": "20:00", "to": "23:00", "days": ["sat"]}, "2026-03-06T21:00:00", None),
    ("over midnight it belongs to the day it began", {"from": "22:00", "to": "04:00", "days": ["sat"]},
     "2026-03-08T03:59:00", "2026-03-08T04:00:00"),
    ("and not to the one it ends in", {"from": "22:00", "to": "04:00", "days": ["sun"]}, "2026-03-08T03:59:00", None),
    ("a whole day", {"from": "00:00", "to": "00:00"}, "2026-03-04T12:00:00", "2026-03-05T00:00:00"),
    ("until its last day", {"from": "20:00", "to": "23:00", "until": "2026-03-03"}, "2026-03-04T21:00:00", None),
]  # fmt: skip


@pytest.mark.parametrize(("window", "now", "end"), [i[1:] for i in INTERVALS], ids=[i[0] for i in INTERVALS])
def test_maintenance_windows(window: dict[str, Any], now: str, end: str | None) -> None:
    given = Maintenance.model_validate({"author": "li", "reason": "r", "match": {}} | window)
    assert ends_at(given, local(now), ZONE) == (local(end) if end else None)


def test_the_reason_that_lasts_longest_is_given() -> None:
    silences = [
        Silence(id=n, match=Match(), starts=NINE, ends=NINE + timedelta(minutes=m), author="li", reason="r")
        for n, m in ((1, 30), (2, 90), (3, 60))
    ]

    def look(**changes: Any) -> Hidden | None:
        given: dict[str, Any] = {"silences": silences, "calendar": build_calendar(), "zone": ZONE,
                                 "source": lambda rule: 7}  # fmt: skip
        return hidden(AlertPolicy(), place(), NINE, **(given | changes))

    first = look()
    assert first is not None
    assert (first.why, first.by, first.until, first.said) == ("silence", 2, NINE + timedelta(minutes=90), "li: r")
    second = look(silences=[])
    assert second is not None
    assert (second.why, second.by) == ("inhibited", 7)
    assert look(silences=[], ended=True) is None, "the end of a card is not inhibited"
    assert look(silences=[], source=lambda rule: None) is None


def test_a_silence_that_was_ended_hides_no_more() -> None:
    one = Silence(id=1, match=Match(), starts=NINE, ends=NINE + timedelta(hours=2), author="li", reason="r",
                  ended_at=NINE + timedelta(hours=1))  # fmt: skip
    active = [one.is_active(NINE + timedelta(minutes=m)) for m in (-1, 0, 59, 60, 120)]
    assert active == [False, True, True, False, False]
