"""Gauges that a scrape reads off the store (DESIGN §7). Runs in the thread of the scrape, never on the event loop."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Final, TypeVar

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.console.deps import Deps
from monitor.console.health import PARTS, Part, Unready
from monitor.ops.state import Disk, disk_of
from monitor.store.engine import STORE_AWAY
from monitor.store.gauges import Gauges, read_gauges
from monitor.workcal import WorkCalendar

LIKED_FOR: Final = timedelta(minutes=1)
"""How old a satisfaction may be. It is a share of thirty days, and reading it goes through all ratings of them: most of
what a scrape took.
"""

K = TypeVar("K", bound=tuple[str, ...])


class StoreCollector(Collector):
    """Reads the store once a scrape. Of a store that is away nothing is told, for numbers gone stale would hide it, but
    what the daemon counts, `jiancha_ready{part="store"}` and the room on its disk still are."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._liked: tuple[datetime, Mapping[str, float]] | None = None

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not read the store."""
        return ()

    def collect(self) -> Iterator[Metric]:
        yield from room(disk_of(self._deps.store))
        now, real_now = self._deps.clock.now(), self._deps.clock.real_now()
        try:
            with self._deps.store.read() as conn:
                liked = self._liked_at(now)
                gauges = read_gauges(
                    conn, now=now, real_now=real_now, bad_at_most=self._deps.bad_at_most, satisfaction=liked
                )
                end = covered_until(self._deps.calendars.get(conn).default)
        except STORE_AWAY:
            return
        if liked is None:
            self._liked = now, gauges.satisfaction
        yield from families(gauges, end)

    def _liked_at(self, now: datetime) -> Mapping[str, float] | None:
        """The satisfaction that was read within LIKED_FOR; None: it is to be read."""
        if self._liked is None or not timedelta(0) <= now - self._liked[0] < LIKED_FOR:
            return None
        return self._liked[1]


class ReadyCollector(Collector):
    """What /readyz says, for an alert: 1 for a part that does its work, 0 for one that does not."""

    def __init__(self, unready: Callable[[], Iterable[Unready]]) -> None:
        self._unready = unready

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not read the store."""
        return ()

    def collect(self) -> Iterator[Metric]:
        waiting = {reason.part for reason in self._unready()}
        yield readiness(waiting)


def readiness(waiting: Container[Part]) -> Metric:
    """`jiancha_ready` of every part; 0 for those that `waiting` holds."""
    ready = {(part,): float(part not in waiting) for part in PARTS}
    return _labelled("ready", "1 while a part does its work, 0 while /readyz names it.", ("part",), ready)


def room(disk: Disk | None) -> Iterator[Metric]:
    """Only of a store that is a file: told even while it cannot be written, for a full disk is why."""
    if disk is not None:
        yield _family("store_size_bytes", "Size of the store's file with its log.", disk.store)
        yield _family("store_free_bytes", "Room left on the disk of the store's file.", disk.free)


def families(gauges: Gauges, calendar_end: datetime | None) -> Iterator[Metric]:
    """The gauges under the names and labels of DESIGN §7."""
    yield _family("quarantine_events", "Messages in quarantine, neither replayed nor dismissed.", gauges.quarantined)
    yield _labelled("cards_open", "Cards that nobody has ended.", ("rule", "level", "hall"), gauges.cards_open)
    yield _labelled(
        "cases_open",
        "Open cases whose limit runs, or that are not accepted yet.",
        ("hall",),
        _single(gauges.cases_open),
    )
    yield _labelled("cases_overdue", "Open cases past their limit.", ("hall",), _single(gauges.cases_overdue))
    yield _labelled("posts_absent", "Windows empty for longer than allowed.", ("hall",), _single(gauges.posts_absent))
    checks = _single(gauges.spot_checks_open)
    yield _labelled("spot_checks_open", "Spot checks ordered and without a result yet.", ("hall",), checks)
    unknown = _single(gauges.subjects_unknown)
    yield _labelled("subjects_unknown", "Subjects that cannot be judged: their source is silent.", ("kind",), unknown)
    offline = gauges.devices_offline
    yield _labelled("devices_offline", "Devices that said goodbye or fell silent.", ("hall", "kind"), offline)
    yield _family("judge_due_backlog", "Subjects due and not judged yet.", gauges.due_backlog)
    yield _family(
        "notification_oldest_pending_seconds",
        "Age of the oldest message that should have gone out; 0 when none waits.",
        gauges.oldest_pending_seconds,
    )
    liked = _single(gauges.satisfaction)
    yield _labelled("satisfaction_ratio", "Share of ratings of 30 days that are not bad.", ("hall",), liked)
    today = gauges.attendance
    slots = "Check-in slots of today by verdict."
    yield _labelled("attendance_slots", slots, ("hall", "outcome"), today.slots)
    waiting = _single(today.corrections_pending)
    yield _labelled("corrections_pending", "Corrections of punches that nobody has approved.", ("hall",), waiting)
    yield _labelled("leave_today", "People on approved leave today.", ("hall",), _single(today.leave_today))
    if calendar_end is not None:
        text = "End of the last published year of the working calendar."
        yield _family("calendar_covered_until_timestamp_seconds", text, calendar_end.timestamp())


def covered_until(calendar: WorkCalendar) -> datetime | None:
    """The instant at which the calendar's published years end; None where it needs none."""
    last = calendar.covered_until
    if last == date.max:
        return None
    return datetime.combine(last + timedelta(days=1), time.min, calendar.zone)


def _single(values: Mapping[str, float]) -> dict[tuple[str, ...], float]:
    return {(key,): value for key, value in values.items()}


def _family(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"jiancha_{name}", text, value=value)


def _labelled(name: str, text: str, labels: tuple[str, ...], values: Mapping[K, float]) -> Metric:
    family = GaugeMetricFamily(f"jiancha_{name}", text, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family
