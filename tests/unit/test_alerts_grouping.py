"""Groups, the digest's hour, and the bucket of a robot."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alerts.grouping import Burst, burst_after, group_key, in_storm, next_digest, refill
from alerts.policy import AlertPolicy, Storm
from alerts.routing import Place, Routed
from monitor.model import Level

PLACE = Place(rule="post.empty", level=Level.RED, kind="post", hall="h1", unit=None, window="w1")
GROUPS = [
    ((), ""),
    (("hall",), "hall=h1"),
    (("unit", "level"), "unit= level=red"),
    (("rule", "kind"), "rule=post.empty kind=post"),
]


@pytest.mark.parametrize(("fields", "key"), GROUPS)
def test_a_group_is_named_by_its_fields(fields: tuple[str, ...], key: str) -> None:
    assert group_key(Routed(receiver="a", group=fields, wait_seconds=0, why=""), PLACE) == key


DIGESTS = [
    ("before it, today", "2026-03-02T08:00:00+08:00", "2026-03-02T17:00:00+08:00"),
    ("at it, tomorrow", "2026-03-02T17:00:00+08:00", "2026-03-03T17:00:00+08:00"),
    ("after it, tomorrow", "2026-03-31T23:59:00+08:00", "2026-04-01T17:00:00+08:00"),
    ("the zone's day counts, not UTC's", "2026-03-02T23:30:00+00:00", "2026-03-03T17:00:00+08:00"),
]


@pytest.mark.parametrize(("after", "due"), [d[1:] for d in DIGESTS], ids=[d[0] for d in DIGESTS])
def test_the_digest_leaves_at_its_hour(after: str, due: str) -> None:
    assert next_digest(datetime.fromisoformat(after), [time(17)], "Asia/Shanghai") == datetime.fromisoformat(due)


@given(
    st.integers(1_072_915_200, 1_893_456_000).map(lambda s: datetime.fromtimestamp(s, UTC)),
    st.times(),
    st.sampled_from(["Asia/Shanghai", "Asia/Urumqi", "UTC"]),
)
def test_the_next_digest_is_later_and_within_a_day(after: datetime, at: time, zone: str) -> None:
    due = next_digest(after, [at], zone)
    assert after < due <= after + timedelta(days=1)
    assert due.astimezone(ZoneInfo(zone)).time() == at


@given(st.integers(1, 120), st.lists(st.floats(0, 20), min_size=1, max_size=300))
@example(1, [0.0, 30.0, 29.996])
@example(1, [0.0, 59.999999])
def test_no_minute_sees_more_messages_than_allowed(per_minute: int, gaps: list[float]) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    tokens: float | None = None
    filled_at: datetime | None = None
    sent: list[datetime] = []
    for gap in gaps:
        now += timedelta(seconds=gap)
        tokens, ready_at = refill(tokens, filled_at, now, per_minute)
        filled_at = now
        if ready_at is None:
            tokens = max(tokens - 1, 0.0)
            sent.append(now)
        else:
            assert ready_at > now
            later, none = refill(tokens, filled_at, ready_at, per_minute)
            assert none is None
            assert later > 0.99
    for first in sent:
        assert sum(first <= t < first + timedelta(seconds=60) for t in sent) <= per_minute


STORM = Storm(cards=3, minutes=5)
BURSTS: list[tuple[str, list[float], bool]] = [
    ("as many as are allowed", [0, 0, 0], False),
    ("one more", [0, 0, 0, 0], True),
    ("spread over the span", [0, 2, 4, 4.9], True),
    ("spread wider: the count begins anew", [0, 2, 4, 5], False),
    ("a storm lasts while cards come", [0, 0, 0, 0, 4, 8, 12], True),
    ("and is over when none came for as long", [0, 0, 0, 0, 5], False),
]


@pytest.mark.parametrize(("minutes", "storm"), [b[1:] for b in BURSTS], ids=[b[0] for b in BURSTS])
def test_when_many_cards_are_a_storm(minutes: list[float], storm: bool) -> None:
    start = datetime(2026, 3, 2, 1, tzinfo=UTC)
    burst = Burst()
    for minute in minutes:
        burst = burst_after(burst, start + timedelta(minutes=minute), 1, STORM)
    now = start + timedelta(minutes=minutes[-1])
    assert in_storm(burst, now, STORM) is storm
    assert in_storm(burst, now + timedelta(minutes=5), STORM) is False
    assert burst_after(Burst(cards=9, begun=now, last=now), now, 1, Storm(cards=0)).storm is False


@pytest.mark.parametrize(
    ("after", "due"),
    [("08:00", "08:30"), ("08:30", "12:00"), ("13:00", "17:30"), ("17:30", "08:30")],
)
def test_morning_noon_and_close(after: str, due: str) -> None:
    found = next_digest(
        datetime.fromisoformat(f"2026-03-02T{after}:00+08:00"), AlertPolicy().digest_at, "Asia/Shanghai"
    )
    assert found.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%H:%M") == due
