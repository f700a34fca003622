"""The state of a device and its times of silence, for looking at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.store.facts.look import Path as BrokerPath
from monitor.supervision.devicehealth import Signs, health
from monitor.supervision.deviceview import spans_of

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
MIN = timedelta(minutes=1)
LEAST = timedelta(seconds=120)
OWES = Signs(owes_heartbeats=True, expected_from=NOW - 90 * MIN)


@pytest.mark.parametrize(
    ("signs", "path", "state", "since"),
    [
        ({"beat": NOW - MIN}, BrokerPath(), "online", None),
        ({"beat": NOW - LEAST}, BrokerPath(), "online", None),
        ({"beat": NOW - 3 * MIN}, BrokerPath(), "silent", NOW - 3 * MIN),
        ({}, BrokerPath(), "never", NOW - 90 * MIN),
        ({"beat": NOW - MIN, "status": "offline", "status_at": NOW}, BrokerPath(), "offline", NOW),
        ({"beat": NOW, "status": "offline", "status_at": NOW - MIN}, BrokerPath(), "online", None),
        ({"beat": NOW - 5 * MIN}, BrokerPath(up=False), "unheard", NOW - 5 * MIN),
        ({"beat": NOW - 5 * MIN}, BrokerPath(heard_since=NOW - MIN), "unheard", NOW - 5 * MIN),
        ({"beat": NOW - 5 * MIN}, BrokerPath(heard_since=NOW - 4 * MIN), "silent", NOW - 5 * MIN),
        ({"owes_heartbeats": False}, BrokerPath(up=False), "events", None),
        ({"beat": NOW, "revoked_at": NOW - MIN}, BrokerPath(), "revoked", NOW - MIN),
    ],
)
def test_the_state_of_a_device(signs: dict[str, object], path: BrokerPath, state: str, since: object) -> None:
    known = Signs(**{**{name: getattr(OWES, name) for name in OWES.__slots__}, **signs})  # type: ignore[arg-type]
    assert health(known, LEAST, path, NOW) == (state, since)


@pytest.mark.parametrize(
    ("beats", "before", "heard", "gaps"),
    [
        ([10, 11, 12], None, "10-12", "0-10 12-20"),
        ([1, 2], 0, "0-2", "2-20"),
        ([], None, "", "0-20"),
        ([], -5, "", "0-20"),
        ([1, 2, 10, 11, 19], -1, "0-2 10-11 19-20", "2-10 11-19"),
    ],
)
def test_times_of_silence(beats: list[int], before: int | None, heard: str, gaps: str) -> None:
    """Minutes; the day is 20 minutes long, two minutes are no silence."""

    def spans(found: tuple[tuple[datetime, datetime], ...]) -> str:
        return " ".join(f"{round((a - NOW) / MIN)}-{round((b - NOW) / MIN)}" for a, b in found)

    first = NOW + before * MIN if before is not None else None
    got = spans_of([NOW + n * MIN for n in beats], first, NOW, NOW + 20 * MIN, LEAST)
    assert spans(got[1]) == gaps
    assert spans(got[0]) == heard
