"""/metrics: the contract of DESIGN §7, and what the gauges say of a known store."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.clock import Clock, ManualClock
from monitor.console.collector import StoreCollector
from monitor.store.engine import Store
from monitor.store.schema import RatingRow, metadata
from monitor.store.sql import table_of
from tests.http_app import METRICS, NOW, Served, fill_deliveries, fill_places, fill_state, make_deps, no_frames, served

RATING = table_of(RatingRow)
pytestmark = pytest.mark.both_databases

Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for the whole module: scraping changes nothing."""
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('gauges') / 'jiancha.sqlite'}")
    with store.write() as conn:
        metadata.create_all(conn)
        fill_places(conn)
        fill_state(conn)
        fill_deliveries(conn, Clock().now())
    with served(make_deps(store)) as running:
        running.deps.metrics.broker(True)
        running.deps.metrics.start_kiosks(no_frames)
        running.deps.metrics.events("rating", "stored", 3)
        running.deps.metrics.events("a channel that a stranger made up", "quarantined")
        running.deps.metrics.judged(0.02)
        yield running
    store.close()


def scrape(app: Served) -> Samples:
    """{name without prefix: {labels: value}} of our own metrics."""
    found: Samples = {}
    for family in text_string_to_metric_families(app.http.get("/metrics").raise_for_status().text):
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            found.setdefault(sample.name.removeprefix("jiancha_"), {})[labels] = sample.value
    return found


def test_names_and_labels_are_those_of_the_contract(app: Served) -> None:
    text = app.http.get("/metrics").text
    types = dict(re.findall(r"^# TYPE jiancha_(\S+) (\S+)$", text, re.MULTILINE))
    assert types.keys() == METRICS.keys()
    samples = scrape(app)
    for name, labels in METRICS.items():
        series = samples[f"{name}_count" if types[name] == "histogram" else name]
        assert {key for one in series for key, _ in one} == labels, name


def test_promtool_finds_nothing_to_say(app: Served, tool: Callable[[str], str]) -> None:
    text = app.http.get("/metrics").text
    check = subprocess.run([tool("promtool"), "check", "metrics"], input=text, capture_output=True, text=True)
    assert (check.returncode, check.stdout, check.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("name", "labels", "value", "why"),
    [
        ("quarantine_events", {}, 1, "the dismissed one is dealt with"),
        ("cards_open", {"rule": "case.limit", "level": "red", "hall": "h1"}, 2, "clearing does not end a card"),
        ("cards_open", {"rule": "post.empty", "level": "yellow", "hall": "h1"}, 1, "the closed one is ended"),
        ("cards_open", {"rule": "case.limit", "level": "yellow", "hall": "h1"}, None, "an imported past asks nobody"),
        ("cases_open", {"hall": "h1"}, 3, "pending, reminder and the red one that is not cleared"),
        ("cases_open", {"hall": "h2"}, 1, "an unknown case is open"),
        ("cases_overdue", {"hall": "h1"}, 1, "the cleared red is completed"),
        ("cases_overdue", {"hall": "h2"}, 0, "a hall without any still has its series"),
        ("posts_absent", {"hall": "h1"}, 1, "the other is back"),
        ("posts_absent", {"hall": "h2"}, 0, "a hall without any still has its series"),
        ("subjects_unknown", {"kind": "slot"}, 1, ""),
        ("subjects_unknown", {"kind": "case"}, 1, ""),
        ("subjects_unknown", {"kind": "post"}, 0, "none is a number too"),
        ("devices_offline", {"hall": "h1", "kind": "terminal"}, 1, "its last will says so"),
        ("devices_offline", {"hall": "h1", "kind": "camera"}, 1, "it is silent, without a last will"),
        ("devices_offline", {"hall": "h1", "kind": "evaluator"}, 0, "it is online"),
        ("judge_due_backlog", {}, 1, "one is due, one tomorrow"),
        ("satisfaction_ratio", {"hall": "h1"}, 0.75, "three of four; the one of last month does not count"),
        ("satisfaction_ratio", {"hall": "h2"}, 0.0, "a rating without a window counts for its device's hall"),
        ("calendar_covered_until_timestamp_seconds", {}, 1798732800, "2027-01-01T00:00 in Shanghai"),
        ("events_total", {"channel": "rating", "result": "stored"}, 3, ""),
        ("events_total", {"channel": "other", "result": "quarantined"}, 1, "no stranger names a label"),
        ("cards_issued_total", {"rule": "post.empty", "level": "yellow"}, 0, "known rules begin at 0"),
        ("broker_connected", {}, 1, ""),
        ("judge_seconds_count", {}, 1, ""),
    ],
)
def test_the_gauges_say_what_the_store_holds(
    app: Served, name: str, labels: dict[str, str], value: float | None, why: str
) -> None:
    assert scrape(app)[name].get(tuple(sorted(labels.items()))) == value, why


def test_the_oldest_message_is_the_one_that_should_have_gone_out(app: Served) -> None:
    age = scrape(app)["notification_oldest_pending_seconds"][()]
    assert 90 <= age < 150, "not the sent one, not the one that still collects"


def test_an_empty_store_can_be_scraped(store: Store) -> None:
    with served(make_deps(store)) as app:
        samples = scrape(app)
    assert samples["quarantine_events"] == {(): 0}
    assert samples["notification_oldest_pending_seconds"] == {(): 0}
    assert "broker_connected" not in samples, "without a broker there is no series that could alert"


def test_of_a_store_that_cannot_be_read_only_that_is_told(tmp_path: Path) -> None:
    broken = Store(f"sqlite:///{tmp_path}/no-such-folder/jiancha.sqlite")
    with served(make_deps(broken)) as app:
        samples = scrape(app)
        assert samples["ready"][(("part", "store"),)] == 0
        assert "due_backlog" not in samples
        assert "cards_open" not in samples
    broken.close()


def test_satisfaction_is_read_once_a_minute(store: Store) -> None:
    """It goes through the ratings of thirty days; the others are of this very moment."""
    clock = ManualClock(NOW)
    collector = StoreCollector(replace(make_deps(store), clock=clock))

    def liked() -> dict[str, float]:
        found = next(f for f in collector.collect() if f.name == "jiancha_satisfaction_ratio")
        return {sample.labels["hall"]: sample.value for sample in found.samples}

    def rate(number: int, score: int) -> None:
        row = {
            "raw_event": number, "event_id": f"r{number}", "source": "d", "at": NOW, "received": NOW, "boot": "",
            "score": score, "window": "w1", "origin": "device",
        }  # fmt: skip
        store.step(lambda conn: conn.execute(RATING.insert(), [row]))

    with store.write() as conn:
        fill_places(conn)
    rate(1, 5)
    assert liked() == {"h1": 1.0}
    rate(2, 1)
    clock.set(NOW + timedelta(seconds=59))
    assert liked() == {"h1": 1.0}
    clock.set(NOW + timedelta(seconds=60))
    assert liked() == {"h1": 0.5}
