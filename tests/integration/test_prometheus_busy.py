"""A hall in the middle of its second day, the real daemon on it with broker and receiver; a real Prometheus scrapes it,
a real Alertmanager stands behind. No panel of any board is empty, no rule fails, the end of the daemon is told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests import busy_hall, plain_http
from tests.daemon import Daemon
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto
from tests.prometheus import Prometheus, board_expressions, routing, rules, running
from tests.receivers import HttpReceiver, http_receiver

DEVICES: Final = ("demo-ev03", "demo-ev05", "demo-tm1", "demo-cam02")
TOKEN: Final = "a-secret-that-lies-in-a-file"


@dataclass
class Watched:
    """Everything that runs. `told` has what the daemon's cards told, `called` what Alertmanager did."""

    daemon: Daemon
    prometheus: Prometheus
    told: HttpReceiver
    called: HttpReceiver

    def calls(self, path: str) -> list[tuple[dict[str, Any], str]]:
        """(alert, Authorization) of what came to a receiver, the oldest first."""
        return [
            (alert, got.headers.get("Authorization", ""))
            for got in self.called.got
            if got.path == path
            for alert in got.json["alerts"]
        ]


def configuration(url: str) -> str:
    """The busy hall's own, with a broker, a receiver and kiosks."""
    routes = f'[alerts.receivers.board]\nurl = "{url}"\n[[alerts.routes]]\nreceivers = ["board"]\n'
    return f'{routes}[kiosk]\nenabled = true\n[policy]\npreset = "demo"\n'


def work(broker: Mosquitto) -> None:
    """A bad rating, one without a score, a good one twice, a heartbeat; a camera that takes its leave."""

    def rating(ident: str, **more: Any) -> str:
        return json.dumps({"id": ident, "at": "2026-03-04T15:39:30+08:00", **more})

    broker.publish("demo-ev03", "rating", rating("r-bad", score=1, window="demo-w03"))
    broker.publish("demo-ev03", "rating", rating("r-none", window="demo-w03"))
    broker.publish("demo-ev05", "rating", rating("r-good", score=5, window="demo-w05"))
    broker.publish("demo-ev05", "rating", rating("r-good", score=5, window="demo-w05"))
    broker.publish("demo-ev05", "heartbeat", json.dumps({"id": "h-1", "at": "2026-03-04T15:39:40+08:00"}))
    broker.publish("demo-cam02", "status", '{"state": "offline"}', "-r")


@pytest.fixture(scope="module")
def watched(
    busy_hall_made: Path,
    tmp_path_factory: pytest.TempPathFactory,
    tool: Callable[[str], str],
    free_port: Callable[[], int],
    eventually: Callable[..., Any],
) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    tool("mosquitto_pub")
    scraper, router = tool("prometheus"), tool("prometheus-alertmanager")
    with (
        http_receiver() as told,
        http_receiver() as called,
        Mosquitto(folder / "broker", free_port(), DEVICES, program=tool("mosquitto")) as broker,
    ):
        daemon = busy_hall.copied(busy_hall_made, folder, configuration(told.url))
        daemon.environment |= {"JIANCHA_MQTT__PORT": str(broker.port), "JIANCHA_MQTT__USERNAME": DAEMON}
        daemon.environment["JIANCHA_MQTT__PASSWORD"] = PASSWORD
        hooks = {name: f"{called.base}/{name}" for name in ("duty", "operators")}
        with (
            routing(folder, router, free_port(), hooks, TOKEN) as manager,
            daemon,
            running(
                folder, scraper, free_port(), daemon.url.removeprefix("http://"),
                alertmanager=manager.url.removeprefix("http://"), hurried=True,
            ) as prometheus,
        ):  # fmt: skip
            eventually(prometheus.ready, 30, "prometheus is ready")
            eventually(lambda: plain_http.get(f"{daemon.url}/readyz").status_code == 200, 30, "the daemon is ready")
            eventually(lambda: prometheus.scrapes() >= 2, 30, "scraped before anything came")
            work(broker)
            eventually(lambda: any(b["rule"] == "rating.bad" for b in told.bodies), 60, "the bad rating is told")
            seen = prometheus.scrapes()
            eventually(lambda: prometheus.scrapes() >= seen + 3, 30, "scraped after all came")
            yield Watched(daemon, prometheus, told, called)


def test_the_daemon_was_busy(watched: Watched, eventually: Callable[..., Any]) -> None:
    """What the panels show is something: events in, cards, attendance, messages out."""
    ask = watched.prometheus.numbers
    assert sum(ask('max_over_time(jiancha_events_total{channel="rating"}[1m])')) == 4
    for some in (
        'sum(jiancha_cards_open{level="red"})', "sum(jiancha_cases_overdue)", "sum(jiancha_attendance_slots)",
        'sum(jiancha_notifications_total{result="sent"})', "sum(jiancha_judge_seconds_count)",
        "sum(jiancha_devices_offline)", "max(jiancha_quarantine_events)", "min(jiancha_satisfaction_ratio)",
        "min(jiancha_store_free_bytes)",
    ):  # fmt: skip
        assert eventually(lambda asked=some: ask(asked), 5, some)[0] > 0, some


@pytest.mark.parametrize(("title", "expression"), board_expressions())
def test_no_panel_is_empty(watched: Watched, eventually: Callable[..., Any], title: str, expression: str) -> None:
    """A scrape that did not end within its second, on a busy machine, is made up for by the next."""
    eventually(lambda: watched.prometheus.numbers(expression), 5, title)


@pytest.mark.parametrize("rule", rules("record"), ids=lambda rule: str(rule["record"]))
def test_what_is_recorded_is_there(watched: Watched, eventually: Callable[..., Any], rule: dict[str, Any]) -> None:
    eventually(lambda: watched.prometheus.numbers(rule["record"]), 5, rule["record"])


def test_no_rule_fails(watched: Watched) -> None:
    groups = watched.prometheus.get("/api/v1/rules")["data"]["groups"]
    found = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
    names = {*(rule["alert"] for rule in rules()), *(rule["record"] for rule in rules("record"))}
    assert found == dict.fromkeys(names, "ok")
    for rule in rules():
        watched.prometheus.query(rule["expr"])


def test_a_scrape_of_the_busy_daemon_is_short(watched: Watched) -> None:
    assert watched.prometheus.numbers('min(min_over_time(scrape_duration_seconds{job="jiancha"}[1m]))')[0] < 0.25


def test_what_waits_in_quarantine_is_told_to_the_operators(watched: Watched, eventually: Callable[..., Any]) -> None:
    """From the daemon's own number to a receiver, in the words of the rule; the robot on duty is not called for it."""

    def told() -> list[dict[str, Any]]:
        calls = watched.calls("/operators")
        return [alert for alert, _ in calls if alert["labels"]["alertname"] == "JianchaQuarantineWaiting"]

    alert = eventually(told, 30, "the operators are told")[0]
    held = len(json.loads(watched.daemon.command("quarantine", "list", "--json")))
    counts = (held - 1, held)  # it was told before the rating without a score came, or after
    assert alert["annotations"]["summary"] in [
        f"隔离中 {n} 条消息无人处理 / {n} messages wait in quarantine" for n in counts
    ]
    assert alert["annotations"]["runbook"] == "docs/runbook.md#jianchaquarantinewaiting"
    assert [a["labels"]["severity"] for a, _ in watched.calls("/duty") if a["labels"]["severity"] != "critical"] == []


def test_a_daemon_that_is_killed_is_told_to_the_duty_robot(watched: Watched, eventually: Callable[..., Any]) -> None:
    """Last: nothing is left to the fixture but the others. The secret comes from its file.

    Before its first scrape Prometheus knew of no daemon, and with no alert held said so: those calls do not count.
    """

    def calls() -> list[tuple[dict[str, Any], str]]:
        return [call for call in watched.calls("/duty") if call[0]["labels"]["alertname"] == "JianchaDown"]

    def answers() -> bool:
        over = all(alert["status"] == "resolved" for alert, _ in calls()[-1:])
        return over and not watched.prometheus.query('ALERTS{alertname="JianchaDown"}')

    eventually(answers, 30, "the daemon answers, and whoever was told otherwise was told its end")
    before = len(calls())
    watched.daemon.kill()
    eventually(lambda: len(calls()) > before, 30, "the robot on duty is called")
    alert, secret = calls()[before]
    assert (alert["status"], alert["labels"]["severity"], secret) == ("firing", "critical", f"Bearer {TOKEN}")
