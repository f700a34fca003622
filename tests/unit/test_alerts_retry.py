"""What a result means, and when the next try is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.policy import RetryPolicy
from alerts.retry import Again, GiveUp, Outcome, after_failure, of_status, refused, seconds_of, timed_out, wait_seconds

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

STATUSES = [
    (200, Outcome.SENT, False),
    (204, Outcome.SENT, False),
    (301, Outcome.REFUSED, True),
    (400, Outcome.REFUSED, True),
    (401, Outcome.REFUSED, True),
    (404, Outcome.REFUSED, True),
    (408, Outcome.REFUSED, False),
    (410, Outcome.REFUSED, True),
    (425, Outcome.REFUSED, False),
    (429, Outcome.REFUSED, False),
    (500, Outcome.REFUSED, False),
    (503, Outcome.REFUSED, False),
]


@pytest.mark.parametrize(("status", "outcome", "permanent"), STATUSES)
def test_a_status_is_final_or_not(status: int, outcome: Outcome, permanent: bool) -> None:
    result = of_status(status, now=NOW)
    assert (result.outcome, result.permanent) == (outcome, permanent)


RETRY_AFTER = [
    (None, None),
    ("", None),
    ("120", 120.0),
    (" 3 ", 3.0),
    ("Mon, 02 Mar 2026 01:02:00 GMT", 120.0),
    ("Mon, 02 Mar 2026 00:00:00 GMT", 0.0),
    ("soon", None),
    ("-5", None),
    ("²", None),
]


@pytest.mark.parametrize(("header", "seconds"), RETRY_AFTER)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert seconds_of(header, NOW) == seconds


POLICIES = st.builds(
    lambda base, more, jitter, age: RetryPolicy(
        base_seconds=base, cap_seconds=base + more, jitter=jitter, max_age_seconds=age
    ),
    st.floats(0.1, 60),
    st.floats(0, 3600),
    st.floats(0, 0.99),
    st.floats(1, 1e6),
)
DRAWS = st.floats(0, 1, exclude_max=True)


@given(POLICIES, st.integers(1, 10_000), DRAWS)
def test_a_wait_keeps_between_its_bounds(policy: RetryPolicy, tries: int, draw: float) -> None:
    wait = wait_seconds(policy, tries, draw)
    assert (1 - policy.jitter) * policy.base_seconds * 0.999 <= wait <= policy.cap_seconds


@given(POLICIES, st.integers(1, 100))
def test_without_luck_a_wait_never_shrinks_and_at_most_doubles(policy: RetryPolicy, tries: int) -> None:
    one, two = wait_seconds(policy, tries, 0), wait_seconds(policy, tries + 1, 0)
    assert one <= two <= 2 * one * 1.001


@given(POLICIES, st.integers(1, 100), DRAWS, st.floats(0, 1e12), st.floats(0, 1e6))
def test_the_next_try_honours_the_receiver_and_the_age(
    policy: RetryPolicy, tries: int, draw: float, asked: float, age: float
) -> None:
    created = NOW - timedelta(seconds=age)
    step = after_failure(
        policy, refused("x", retry_after_seconds=asked), tries=tries, created=created, now=NOW, draw=draw
    )
    end = created + timedelta(seconds=policy.max_age_seconds)
    if isinstance(step, Again):
        assert NOW < step.at <= end + timedelta(microseconds=2)
        assert (step.at - NOW).total_seconds() >= asked - 1e-6
    else:
        assert max(asked, wait_seconds(policy, tries, draw)) > (end - NOW).total_seconds() - 1e-6


def test_a_final_refusal_is_given_up_at_once_and_says_why() -> None:
    step = after_failure(RetryPolicy(), refused("93000", permanent=True), tries=1, created=NOW, now=NOW, draw=0)
    assert step == GiveUp(code="refused", detail="93000")


def test_a_time_out_is_tried_again() -> None:
    step = after_failure(RetryPolicy(), timed_out("no answer"), tries=1, created=NOW, now=NOW, draw=0)
    assert step == Again(at=NOW + timedelta(seconds=5))


def test_an_old_message_is_given_up() -> None:
    created = NOW - timedelta(days=1)
    step = after_failure(RetryPolicy(), timed_out("no answer"), tries=40, created=created, now=NOW, draw=0)
    assert step == GiveUp(code="too_old", detail="no answer", tries=40)
