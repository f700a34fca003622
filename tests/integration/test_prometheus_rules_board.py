"""A real Prometheus with the shipped configuration scrapes the real app: rules hold, no expression fails, no panel is
empty.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import Clock
from monitor.metrics import Metrics
from monitor.store.engine import Store
from monitor.store.schema import metadata
from tests.http_app import METRICS, RULES, fill_deliveries, fill_places, fill_state, make_deps, no_frames, served
from tests.prometheus import BOARD, PROMETHEUS, Prometheus, board_expressions, rules, running

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import grafana_board  # noqa: E402 - a script, not part of the package


def work(metrics: Metrics) -> None:
    """What a daemon counts while it works; called between scrapes, so that rates are not 0."""
    metrics.events("rating", "stored")
    metrics.events("checkin", "duplicate")
    metrics.events("case", "quarantined")
    metrics.ingest_lag(0.004)
    metrics.judged(0.02)
    metrics.card_issued(RULES[0], "yellow")
    metrics.notification("webhook", "sent")


@pytest.fixture(scope="module")
def prometheus(
    tmp_path_factory: pytest.TempPathFactory,
    tool: Callable[[str], str],
    free_port: Callable[[], int],
    eventually: Callable[..., Any],
) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("prometheus")
    store = Store(f"sqlite:///{folder / 'jiancha.sqlite'}")
    with store.write() as conn:
        metadata.create_all(conn)
        fill_places(conn)
        fill_state(conn)
        fill_deliveries(conn, Clock().now())
    deps = make_deps(store)
    deps.metrics.broker(True)
    deps.metrics.start_kiosks(no_frames)
    with (
        served(deps) as app,
        running(folder, tool("prometheus"), free_port(), app.url.removeprefix("http://")) as server,
    ):
        eventually(server.ready, 30, "prometheus is ready")

        def scraped() -> bool:
            work(deps.metrics)
            return server.scrapes() >= 3

        eventually(scraped, 30, "three scrapes")
        yield server
    store.close()


@pytest.mark.parametrize(("title", "expression"), board_expressions())
def test_no_panel_is_empty(prometheus: Prometheus, title: str, expression: str) -> None:
    assert prometheus.numbers(expression), title


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_a_rule_can_be_evaluated_on_what_the_daemon_shows(prometheus: Prometheus, rule: dict[str, Any]) -> None:
    prometheus.query(rule["expr"])
    groups = prometheus.get("/api/v1/rules")["data"]["groups"]
    states = {r["name"]: r["health"] for group in groups for r in group["rules"]}
    assert states[rule["alert"]] == "ok"


def test_the_scrape_itself_is_short(prometheus: Prometheus) -> None:
    """Every series is scraped in a fraction of the interval; the gauges are a few statements on the store."""
    assert prometheus.numbers('max(scrape_duration_seconds{job="jiancha"})')[0] < 1


def test_each_metric_of_ours_is_on_the_board_or_in_a_rule() -> None:
    shown = " ".join([expr for _, expr in board_expressions()] + [rule["expr"] for rule in rules()])
    with_store = json.loads(BOARD.read_text())["templating"]["list"][1]["query"]["query"] + shown
    missing = [name for name in METRICS if f"jiancha_{name}" not in with_store]
    assert missing == []


def test_the_rules_hold_under_promtool(tool: Callable[[str], str]) -> None:
    promtool = tool("promtool")
    for command in (["check", "config", "prometheus.yml"], ["test", "rules", "tests/jiancha.yml"]):
        done = subprocess.run([promtool, *command], cwd=PROMETHEUS, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_situation_has_its_rule_and_its_test() -> None:
    names = [rule["alert"] for rule in rules()]
    tested = (PROMETHEUS / "tests" / "jiancha.yml").read_text()
    assert len(names) == len(set(names)) >= 7
    assert [name for name in names if name not in tested] == []


def test_the_board_is_what_its_table_says() -> None:
    assert BOARD.read_text() == grafana_board.text(), "run: make docs"
    board = json.loads(BOARD.read_text())
    assert {panel["datasource"]["uid"] for panel in board["panels"]} == {"${datasource}"}
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
