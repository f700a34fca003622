"""A real Prometheus with the shipped configuration scrapes the real app: rules hold, no expression fails, no panel is
empty.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from monitor.clock import Clock
from monitor.metrics import Metrics
from monitor.store.engine import Store
from monitor.store.schema import metadata
from tests.http_app import METRICS, RULES, fill_deliveries, fill_places, fill_state, make_deps, served

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "config" / "prometheus"
RULE_FILE = PROMETHEUS / "rules" / "jiancha.yml"
BOARD = ROOT / "config" / "grafana" / "hall-overview.json"

sys.path.insert(0, str(ROOT / "scripts"))
import grafana_board  # noqa: E402 - a script, not part of the package


class Prometheus:
    """A running server that scrapes one target every second."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=10)

    def query(self, expression: str) -> list[dict[str, Any]]:
        body = self._http.get("/api/v1/query", params={"query": expression}).json()
        assert body["status"] == "success", f"{expression}: {body}"
        result: list[dict[str, Any]] = body["data"]["result"]
        return result

    def numbers(self, expression: str) -> list[float]:
        return [value for sample in self.query(expression) if not math.isnan(value := float(sample["value"][1]))]

    def get(self, path: str) -> Any:
        return self._http.get(path).json()

    def ready(self) -> bool:
        try:
            return self._http.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False


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
    with served(deps) as app:
        process, server = start(folder, tool("prometheus"), free_port(), app.url.removeprefix("http://"))
        try:
            eventually(server.ready, 30, "prometheus is ready")

            def scraped() -> bool:
                work(deps.metrics)
                return server.numbers('sum(count_over_time(up{job="jiancha"}[5m]))') >= [3.0]

            eventually(scraped, 30, "three scrapes")
            yield server
        finally:
            process.terminate()
            process.wait(20)
    store.close()


def start(folder: Path, program: str, port: int, target: str) -> tuple[subprocess.Popen[bytes], Prometheus]:
    """The shipped configuration, but for the target, the pace and the rules' path."""
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(RULE_FILE)]
    config["scrape_configs"][0]["static_configs"] = [{"targets": [target]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    return process, Prometheus(f"http://127.0.0.1:{port}")


def board_expressions() -> list[tuple[str, str]]:
    """(panel's title, expression with Grafana's variables filled in)"""
    found = []
    for panel in json.loads(BOARD.read_text())["panels"]:
        for target in panel["targets"]:
            found.append((panel["title"], target["expr"].replace("$hall", ".*").replace("$__rate_interval", "1m")))
    return found


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULE_FILE.read_text())["groups"] for rule in group["rules"]]


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


def test_the_six_situations_have_their_rule_and_their_test() -> None:
    names = [rule["alert"] for rule in rules()]
    tested = (PROMETHEUS / "tests" / "jiancha.yml").read_text()
    assert len(names) == 6
    assert [name for name in names if name not in tested] == []


def test_the_board_is_what_its_table_says() -> None:
    assert BOARD.read_text() == grafana_board.text(), "run: make docs"
    board = json.loads(BOARD.read_text())
    assert {panel["datasource"]["uid"] for panel in board["panels"]} == {"${datasource}"}
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
