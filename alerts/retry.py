"""What the result of a try means: done, again later, or never; pure.

Classes of HTTP status after RFC 9110: 2xx sent; 408, 425, 429 and 5xx may succeed later; every other refusal is final.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from alerts.policy import RetryPolicy

RETRYABLE_STATUS: Final = frozenset({408, 425, 429})
DETAIL_LIMIT: Final = 300


class Outcome(enum.StrEnum):
    """As in the metric `notifications_total{result}` and in the table `attempt`."""

    SENT = "sent"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    """Nothing came back in time; it may have arrived all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a channel says of one try. `permanent`: the same message will never be taken by this address."""

    outcome: Outcome
    permanent: bool = False
    detail: str = ""
    retry_after_seconds: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    at: datetime


GivenUp = Literal["refused", "too_old", "unheard"]
"""Why an address gets no more tries: it refused for good, the message grew too old, or it never heard the beginning."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GiveUp:
    code: GivenUp
    detail: str = ""
    tries: int = 0

    @property
    def why(self) -> str:
        """For the log and the record, in English."""
        said = {
            "refused": f"refused for good: {self.detail}",
            "too_old": f"too old after {self.tries} tries: {self.detail}",
            "unheard": "its firing was not delivered",
        }
        return said[self.code]


def sent(detail: str = "") -> Result:
    return Result(outcome=Outcome.SENT, detail=detail[:DETAIL_LIMIT])


def refused(detail: str, *, permanent: bool = False, retry_after_seconds: float | None = None) -> Result:
    return Result(
        outcome=Outcome.REFUSED,
        permanent=permanent,
        detail=detail[:DETAIL_LIMIT],
        retry_after_seconds=retry_after_seconds,
    )


def timed_out(detail: str) -> Result:
    return Result(outcome=Outcome.TIMEOUT, detail=detail[:DETAIL_LIMIT])


def of_status(status: int, *, retry_after: str | None = None, now: datetime, body: str = "") -> Result:
    """The result of an HTTP answer by its status alone."""
    if 200 <= status < 300:
        return sent(f"HTTP {status}")
    detail = f"HTTP {status} {body}".strip()
    if status in RETRYABLE_STATUS or status >= 500:
        return refused(detail, retry_after_seconds=seconds_of(retry_after, now))
    return refused(detail, permanent=True)


def seconds_of(retry_after: str | None, now: datetime) -> float | None:
    """The header `Retry-After` (seconds or an HTTP date) in seconds from `now`; None when absent or unreadable."""
    text = (retry_after or "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None  # an unreadable header is no reason to lose the message: the usual back-off holds
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())


def wait_seconds(policy: RetryPolicy, tries: int, draw: float) -> float:
    """Wait after the `tries`-th failed try (1 = the first); `draw` is uniform in [0, 1)."""
    doubled = policy.base_seconds * 2.0 ** min(tries - 1, 60)
    longest = min(policy.cap_seconds, doubled)
    return longest * (1 - policy.jitter * draw)


def after_failure(
    policy: RetryPolicy, result: Result, *, tries: int, created: datetime, now: datetime, draw: float
) -> Again | GiveUp:
    """When to try again, or why not; `Retry-After` is honoured, and never shortens the back-off."""
    if result.permanent:
        return GiveUp(code="refused", detail=result.detail)
    wait = max(wait_seconds(policy, tries, draw), result.retry_after_seconds or 0.0)
    end = created + timedelta(seconds=policy.max_age_seconds)
    # compared as seconds first: a receiver may ask for a wait that no datetime can hold
    if wait > (end - now).total_seconds():
        return GiveUp(code="too_old", detail=result.detail, tries=tries)
    return Again(at=now + timedelta(seconds=wait))
