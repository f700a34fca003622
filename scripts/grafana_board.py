"""Write config/grafana/hall-overview.json: the board of a hall (大厅总览), from the panels of `monitor.ops.panels`.

Run by `make docs`; a test holds the file against this table and runs each expression against a real Prometheus.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from monitor.ops.panels import PANELS, Panel

BOARD: Final = Path(__file__).resolve().parent.parent / "config" / "grafana" / "hall-overview.json"
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS: Final = 24


def board() -> dict[str, Any]:
    """The dashboard as Grafana imports it."""
    return {
        "uid": "jiancha-hall-overview",
        "title": "监察 · 大厅总览",
        "description": "Jiancha: a hall at a glance, and the daemon's own health.",
        "tags": ["jiancha"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-12h", "to": "now"},
        "templating": {"list": [_datasource_variable(), _hall_variable()]},
        "panels": _placed(),
    }


def _datasource_variable() -> dict[str, Any]:
    return {"name": "datasource", "label": "数据源", "type": "datasource", "query": "prometheus", "hide": 0}


def _hall_variable() -> dict[str, Any]:
    return {
        "name": "hall",
        "label": "大厅",
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": "label_values(jiancha_cases_open, hall)", "refId": "hall"},
        "refresh": 2,
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }


def _placed() -> list[dict[str, Any]]:
    """Panels left to right, a new line where the next does not fit."""
    x = y = line = 0
    placed = []
    for number, panel in enumerate(PANELS, 1):
        if x + panel.width > COLUMNS:
            x, y, line = 0, y + line, 0
        placed.append(_panel(number, panel, {"x": x, "y": y, "w": panel.width, "h": panel.height}))
        x, line = x + panel.width, max(line, panel.height)
    return placed


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.text,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "thresholds": _thresholds(panel)}, "overrides": []},
        "options": _options(panel),
        "targets": [
            {"refId": chr(ord("A") + n), "datasource": SOURCE, "expr": expr, "legendFormat": legend}
            for n, (expr, legend) in enumerate(panel.queries)
        ],
    }


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "stat":
        named = {"textMode": "name"} if panel.queries[0][1] else {}
        return {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", **named}
    return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}


def _thresholds(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.bad_from is not None:
        steps.append({"color": "red", "value": panel.bad_from})
    if panel.good_from is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": panel.good_from}]
    return {"mode": "absolute", "steps": steps}


def text() -> str:
    """The file's content."""
    return json.dumps(board(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    BOARD.write_text(text())
