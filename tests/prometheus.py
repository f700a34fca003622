"""A real Prometheus with the shipped rules over one target, a real Alertmanager; what rules and boards ask."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests import plain_http

ROOT = Path(__file__).resolve().parent.parent
PROMETHEUS = ROOT / "config" / "prometheus"
RULE_FILE = PROMETHEUS / "rules" / "jiancha.yml"
ALERTMANAGER = PROMETHEUS / "alertmanager.yml"
BOARDS = sorted((ROOT / "config" / "grafana").glob("*.json"))
VARIABLES: Mapping[str, str] = {"$hall": ".*", "$__rate_interval": "1m"}
"""What Grafana fills in when all halls are chosen."""


class Server:
    """A running Prometheus or Alertmanager."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = plain_http.client(base_url=url, timeout=10)

    def get(self, path: str, **params: str) -> Any:
        return self._http.get(path, params=params).json()

    def post(self, path: str, body: Any) -> None:
        self._http.post(path, json=body).raise_for_status()

    def ready(self) -> bool:
        try:
            return self._http.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False


class Prometheus(Server):
    """Scrapes one target every second."""

    def query(self, expression: str) -> list[dict[str, Any]]:
        body = self.get("/api/v1/query", query=expression)
        assert body["status"] == "success", f"{expression}: {body}"
        result: list[dict[str, Any]] = body["data"]["result"]
        return result

    def numbers(self, expression: str) -> list[float]:
        return [value for sample in self.query(expression) if not math.isnan(value := float(sample["value"][1]))]

    def scrapes(self) -> int:
        return int(sum(self.numbers('count_over_time(up{job="jiancha"}[5m])')))


@contextmanager
def running(
    folder: Path, program: str, port: int, target: str, *, alertmanager: str = "", hurried: bool = False
) -> Iterator[Prometheus]:
    """The shipped configuration, but for the target, the pace and the rules' path. `hurried`: no alert is held."""
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(_hurried(folder) if hurried else RULE_FILE)]
    config["scrape_configs"][0]["static_configs"] = [{"targets": [target]}]
    managers = [{"static_configs": [{"targets": [alertmanager]}]}] if alertmanager else []
    config["alerting"] = {"alertmanagers": managers}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    line = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}"]  # fmt: skip
    with _process(folder / "prometheus.log", [program, *line]):
        yield Prometheus(f"http://127.0.0.1:{port}")


def _hurried(folder: Path) -> Path:
    made = folder / "hurried.yml"
    config = yaml.safe_load(RULE_FILE.read_text())
    for rule in (rule for group in config["groups"] for rule in group["rules"] if "for" in rule):
        rule["for"] = "0s"
    made.write_text(yaml.safe_dump(config, allow_unicode=True))
    return made


@contextmanager
def routing(folder: Path, program: str, port: int, receivers: Mapping[str, str], token: str) -> Iterator[Server]:
    """The shipped Alertmanager, but for its receivers' addresses, the pace and the secrets' place. Every receiver is a
    web hook here: {name: URL}; `token` is what the file of the duty robot's secret holds.
    """
    (folder / "duty-token").write_text(token)
    config = yaml.safe_load(ALERTMANAGER.read_text())
    config["global"] = {"resolve_timeout": "5m"}
    for route in (config["route"], *config["route"]["routes"]):
        route |= {"group_wait": "0s", "group_interval": "1s"}
    for receiver in config["receivers"]:
        hook = receiver.get("webhook_configs", [{}])[0] | {"url": receivers[receiver["name"]]}
        if "http_config" in hook:
            hook["http_config"]["authorization"]["credentials_file"] = str(folder / "duty-token")
        receiver.pop("email_configs")
        receiver["webhook_configs"] = [hook]
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    line = [f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'kept'}",
            f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]  # fmt: skip
    with _process(folder / "alertmanager.log", [program, *line]):
        yield Server(f"http://127.0.0.1:{port}")


@contextmanager
def _process(log: Path, line: list[str]) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(line, stdout=out, stderr=out)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def filled(expression: str) -> str:
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, f"a variable that the board does not have: {expression}"
    return expression


def board_expressions() -> list[tuple[str, str]]:
    """(board/panel's title, expression with Grafana's variables filled in)"""
    return [
        (f"{path.stem}/{panel['title']}", filled(target["expr"]))
        for path in BOARDS
        for panel in json.loads(path.read_text())["panels"]
        for target in panel["targets"]
    ]


def rules(kind: str = "alert") -> list[dict[str, Any]]:
    """The rules of a kind: `alert`, or `record` for what is recorded."""
    return [
        rule for group in yaml.safe_load(RULE_FILE.read_text())["groups"] for rule in group["rules"] if kind in rule
    ]
