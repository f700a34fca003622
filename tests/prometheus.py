"""A real Prometheus with the shipped rules over one target, and the expressions of rules and board."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

ROOT = Path(__file__).resolve().parent.parent
PROMETHEUS = ROOT / "config" / "prometheus"
RULE_FILE = PROMETHEUS / "rules" / "jiancha.yml"
BOARD = ROOT / "config" / "grafana" / "hall-overview.json"


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

    def scrapes(self) -> int:
        return int(sum(self.numbers('count_over_time(up{job="jiancha"}[5m])')))

    def ready(self) -> bool:
        try:
            return self._http.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def running(folder: Path, program: str, port: int, target: str) -> Iterator[Prometheus]:
    """The shipped configuration, but for the target, the pace and the rules' path."""
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(RULE_FILE)]
    config["scrape_configs"][0]["static_configs"] = [{"targets": [target]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    line = [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(line, stdout=log, stderr=log)
    try:
        yield Prometheus(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(20)


def board_expressions() -> list[tuple[str, str]]:
    """(panel's title, expression with Grafana's variables filled in)"""
    found = []
    for panel in json.loads(BOARD.read_text())["panels"]:
        for target in panel["targets"]:
            found.append((panel["title"], target["expr"].replace("$hall", ".*").replace("$__rate_interval", "1m")))
    return found


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULE_FILE.read_text())["groups"] for rule in group["rules"]]
