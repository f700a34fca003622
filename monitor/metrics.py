"""What the daemon counts while it works, as one `Metrics` object that is passed in (DESIGN §7).

Counters and histograms are moved by the code that does the work; gauges that can be read off the store are not kept
here but read at the scrape (`monitor.console.collector`). No label holds a person, a case number or a window.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Literal, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

EventResult = Literal["stored", "duplicate", "quarantined"]
TakeoverEnd = Literal["drained", "broken_off"]
SendResult = Literal["sent", "refused", "timeout", "retried", "dead"]

AttemptResult = Literal[
    "accepted", "doubted", "second_factor", "unknown", "failed", "abandoned", "pin_right", "pin_wrong", "pin_locked",
    "kept_done", "kept_review", "kept_refused",
]  # fmt: skip

EVENT_CHANNELS: Final = ("status", "heartbeat", "rating", "duty", "presence", "checkin", "case", "task")
OTHER_CHANNEL: Final = "other"
"""Stands for any channel that is none of ours: a topic is chosen by its sender, a label must not be."""
EVENT_RESULTS: Final[tuple[EventResult, ...]] = ("stored", "duplicate", "quarantined")
SEND_RESULTS: Final[tuple[SendResult, ...]] = ("sent", "refused", "timeout", "retried", "dead")
CARD_LEVELS: Final = ("reminder", "yellow", "red")

LAG_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
STEP_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# A `…_created` series beside every counter would double what a scrape carries, and none of them is in the contract.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The counters and histograms of one process, in a registry of its own.

    `rules` and `channels` (kinds of alert channels) are the names known at start: their series begin at 0, so that the
    first card or message shows in `increase()`.
    """

    def __init__(self, *, rules: Iterable[str] = (), channels: Iterable[str] = ()) -> None:
        self.registry = CollectorRegistry()
        self._events = Counter(
            "jiancha_events",
            "Messages of devices by what became of them.",
            ["channel", "result"],
            registry=self.registry,
        )
        self._dropped = Counter(
            "jiancha_dropped_keys",
            "Keys of events that their channel does not know; they were dropped.",
            registry=self.registry,
        )
        self._lag = Histogram(
            "jiancha_ingest_lag_seconds",
            "From receipt to the commit that holds the message, with up to 3 s (in a calm hall 6) a heartbeat waits.",
            buckets=LAG_BUCKETS,
            registry=self.registry,
        )
        self._cards = Counter(
            "jiancha_cards_issued", "Cards issued or raised to a level.", ["rule", "level"], registry=self.registry
        )
        self._judge = Histogram(
            "jiancha_judge_seconds",
            "One step of judging: claim, read, judge, apply, commit.",
            buckets=STEP_BUCKETS,
            registry=self.registry,
        )
        self._notifications = Counter(
            "jiancha_notifications",
            "Tries to send a message by what became of them.",
            ["channel", "result"],
            registry=self.registry,
        )
        self._unrouted = Counter(
            "jiancha_alerts_unrouted",
            "Cards that no route leads to anybody, and steps up the hierarchy that found nobody.",
            ["rule", "level"],
            registry=self.registry,
        )
        self._signs: Counter | None = None
        self._takeovers = Counter(
            "jiancha_takeovers",
            "Takeovers of a dead member's session at the broker, by their end.",
            ["result"],
            registry=self.registry,
        )
        self._taking_over = Gauge(
            "jiancha_takeovers_running", "Sessions of dead members being taken over.", registry=self.registry
        )
        self._attempts: Counter | None = None
        self._broker: Gauge | None = None
        build = Gauge(
            "jiancha_build_info", "Always 1; the version is a label.", ["version", "python"], registry=self.registry
        )
        build.labels(version=program_version(), python=platform.python_version()).set(1)
        ProcessCollector(registry=self.registry)
        self._start_at_zero(rules, channels)

    def events(self, channel: str, result: EventResult, count: int = 1) -> None:
        """`count` messages of a channel became `result`; an unknown channel is counted as `other`."""
        known = channel if channel in EVENT_CHANNELS else OTHER_CHANNEL
        self._events.labels(known, result).inc(count)

    def dropped_keys(self, count: int) -> None:
        """So many unknown keys of payloads were dropped (DESIGN §3.1)."""
        self._dropped.inc(count)

    def ingest_lag(self, seconds: float) -> None:
        """One message was committed so many real seconds after its receipt."""
        self._lag.observe(seconds)

    def card_issued(self, rule: str, level: str) -> None:
        """A card was issued at, or raised to, `level` (reminder, yellow, red)."""
        self._cards.labels(rule, level).inc()

    def judged(self, seconds: float) -> None:
        """One judging step took so many real seconds."""
        self._judge.observe(seconds)

    def notification(self, channel: str, result: SendResult) -> None:
        """One try of a delivery by a channel kind (`webhook`, `wecom`, …) ended as `result`."""
        self._notifications.labels(channel, result).inc()

    def unrouted(self, rule: str, level: str) -> None:
        """A card of this rule and level was to be told, and to nobody."""
        self._unrouted.labels(rule, level).inc()

    def signed(self, way: str, taken: bool) -> None:
        """A sign of life went out by `url` or `topic`. The series is born here: without a switch there is none."""
        if self._signs is None:
            self._signs = Counter(
                "jiancha_deadman_signs", "Signs of life that went out, by way and whether they were taken.",
                ["way", "result"], registry=self.registry,
            )  # fmt: skip
        self._signs.labels(way, "taken" if taken else "failed").inc()

    def takeover(self, end: TakeoverEnd) -> None:
        """A takeover ended: the session was drained, or the connection was lost before."""
        self._takeovers.labels(end).inc()

    def taking_over(self, sessions: int) -> None:
        """So many sessions are being taken over now."""
        self._taking_over.set(sessions)

    def broker(self, connected: bool) -> None:
        """Whether the connection to the broker stands. The series is born here: without a broker there is none."""
        if self._broker is None:
            self._broker = Gauge(
                "jiancha_broker_connected", "1 while the connection to the MQTT broker stands.", registry=self.registry
            )
        self._broker.set(int(connected))

    def start_kiosks(self, frames: Callable[[], Mapping[str, int]]) -> None:
        """Let the series of kiosks begin: without one there is none. `frames` gives the encoder's counts by result."""
        self._attempts = Counter(
            "jiancha_kiosk_attempts", "Tries to check in at kiosks by what became of them.", ["result"],
            registry=self.registry,
        )  # fmt: skip
        for result in get_args(AttemptResult):
            self._attempts.labels(result)
        self.registry.register(_Frames(frames))

    def attempt(self, result: AttemptResult) -> None:
        """A try to check in at a kiosk ended so."""
        if self._attempts is not None:
            self._attempts.labels(result).inc()

    def _start_at_zero(self, rules: Iterable[str], channels: Iterable[str]) -> None:
        for channel in (*EVENT_CHANNELS, OTHER_CHANNEL):
            for result in EVENT_RESULTS:
                self._events.labels(channel, result)
        for end in get_args(TakeoverEnd):
            self._takeovers.labels(end)
        for rule in rules:
            for level in CARD_LEVELS:
                self._cards.labels(rule, level)
                self._unrouted.labels(rule, level)
        self.start_channels(channels)

    def start_channels(self, channels: Iterable[str]) -> None:
        """Let the series of these kinds of alert channels begin at 0."""
        for channel in channels:
            for sent in SEND_RESULTS:
                self._notifications.labels(channel, sent)


class _Frames(Collector):
    """The encoder counts by itself, in its own thread: read at the scrape."""

    def __init__(self, frames: Callable[[], Mapping[str, int]]) -> None:
        self._frames = frames

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        text = "Pictures of faces by what became of them: encoded, dropped for newer ones, lost with the encoder."
        family = CounterMetricFamily("jiancha_face_frames", text, labels=["result"])
        for result, count in sorted(self._frames().items()):
            family.add_metric([result], count)
        yield family


def program_version() -> str:
    """Version of the installed package, or `0` where it runs from files that were never installed."""
    try:
        return version("jiancha")
    except PackageNotFoundError:
        return "0"
