"""The page of operations in words: panels with their rows and charts, the state of the daemon, the runbook."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from prometheus_client.core import Metric

from monitor.console.operating import Figures, History
from monitor.console.pages.deviceview import ago
from monitor.console.pages.languages import Language
from monitor.ops.ownpanels import OWN, QUANTILES, Measured, Row
from monitor.ops.runbook import ALERTS, Alert
from monitor.wording import devices as device_words
from monitor.wording import level_word, outcome_word, rule_title
from monitor.wording.operations import METRICS, PANELS, PARTS, RESULTS, SERIES
from monitor.wording.render import pick
from monitor.wording.words import KINDS, LEVELS, QUARANTINE, Texts

MANY: Final = 12
"""A panel with more rows shows those that are not 0."""
MOST_BARS: Final = 24
MOST_SERIES: Final = 4
"""As many colours as the charts have."""
PREFIX: Final = "jiancha_"
REST: Final[Texts] = ("其余", "others")
SEVERITIES: Final[Mapping[str, Texts]] = {"critical": ("严重", "critical"), "warning": ("警告", "warning")}
_OF_LABELS: Final = re.compile(r"(\{\{ \$labels[^}]*\}\}\s*)+[：:]\s*")
_FOR_LONG: Final = re.compile(r"\{\{ \$value \| humanizeDuration \}\}")
_SHARE: Final = re.compile(r"\{\{ \$value \| humanizePercentage \}\}")
_ROOM: Final = re.compile(r"\{\{ \$value \| humanize1024 \}\}B")
_VALUE: Final = re.compile(r"\{\{ \$value \}\}")
_CODE: Final = re.compile(r"(\[[a-z.]+\]|action [a-z.*]+|/readyz)")
_ORDER: Final = ("red", "yellow", "reminder")


def panel_views(found: Figures, language: Language, zone: ZoneInfo) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """(the panels, their charts by id)."""
    views, charts = [], {}
    for number, measured in enumerate(found.panels):
        view = _panel(measured, f"p{number}", found, language)
        history = found.histories.get(measured.history or "")
        if history is not None and history.counted:
            charts[f"{view['id']}-hours"] = view["hours"] = _hours(measured.history or "", history, language, zone)
        numbers = [row["number"] for row in view["rows"]]
        alike = not any(row.said in QUANTILES for row in measured.rows)
        if measured.panel.kind == "timeseries" and alike and any(numbers) and 2 <= len(numbers) <= MOST_BARS:
            charts[view["id"]] = {
                "labels": [row["name"] for row in view["rows"]],
                "series": [{"name": view["title"], "line": False, "values": numbers}],
            }
        view["chart"] = view["id"] in charts
        views.append(view)
    return views, charts


def _panel(measured: Measured, ident: str, found: Figures, language: Language) -> dict[str, Any]:
    panel, rows = measured.panel, measured.rows
    shown = [row for row in rows if row.value] if len(rows) > MANY else list(rows)
    title, defined = PANELS[panel.title]
    value = rows[0].value if len(rows) == 1 and panel.kind == "stat" else None
    bad = value is not None and (
        (panel.bad_from is not None and value >= panel.bad_from)
        or (panel.good_from is not None and value < panel.good_from)
    )
    metrics = list(dict.fromkeys(series.metric for series in OWN[panel.title].series))
    return {
        "id": ident, "title": pick(title, language), "defined": pick(defined, language), "stat": panel.kind == "stat",
        "bad": bad, "metrics": metrics, "runbook": _anchor(metrics[0]) if metrics[0].startswith(PREFIX) else "",
        "rows": [_row(row, panel.unit, found.halls, language) for row in shown], "left_out": len(rows) - len(shown),
        "by_hall": any(name == "hall" for series in OWN[panel.title].series for name in series.by),
    }  # fmt: skip


def _anchor(metric: str) -> str:
    return f"metric-{metric.removeprefix(PREFIX)}"


def _row(row: Row, unit: str, halls: Mapping[str, str], language: Language) -> dict[str, Any]:
    said = [pick(SERIES[row.said], language)] if row.said else []
    parts = [_label(name, value, halls, language) for name, value in row.by]
    return {
        "name": " ".join([*said, *parts]), "number": round(row.value, 4),
        "value": value_text(row.value, "s" if row.said in QUANTILES else unit, language),
    }  # fmt: skip


def _label(name: str, value: str, halls: Mapping[str, str], language: Language) -> str:
    if name == "hall":
        return halls.get(value, value) or pick(("无大厅", "no hall"), language)
    if name == "rule":
        return rule_title(value, language)
    if name == "level":
        return level_word(value, language)
    if name == "outcome":
        return outcome_word(value, language)
    tables: Mapping[str, Mapping[str, Texts]] = {
        "kind": {**KINDS, **device_words.KINDS}, "channel": {**device_words.CHANNELS, "other": REST}, "result": RESULTS,
    }  # fmt: skip
    texts = tables.get(name, {}).get(value)
    return pick(texts, language) if texts is not None else value


def value_text(value: float, unit: str, language: Language) -> str:
    if unit == "percentunit":
        return f"{value:.1%}"
    if unit == "bytes":
        return f"{value / 2**20:,.0f} MiB"
    if unit == "s":
        if 0 < value < 10:
            return f"{value:.3g} {pick(('秒', 's'), language)}"
        return ago(timedelta(seconds=value), language)
    return f"{value:,.0f}" if value == int(value) else f"{value:,.3g}"


def _hours(kind: str, history: History, language: Language, zone: ZoneInfo) -> dict[str, Any]:
    """Series of the most frequent words; those beyond the colours are summed. Cards are coloured by their level."""
    words: Mapping[str, Mapping[str, Texts]] = {"cards": LEVELS, "tries": RESULTS, "held": QUARANTINE}
    order = sorted(history.counted, key=lambda w: (_ORDER.index(w) if w in _ORDER else 9, -sum(history.counted[w]), w))
    named = order if len(order) <= MOST_SERIES else order[: MOST_SERIES - 1]
    series: list[dict[str, Any]] = [
        {"name": pick(words[kind][one], language), "line": False, "values": list(history.counted[one]),
         "level": one if kind == "cards" else ""}
        for one in named
    ]  # fmt: skip
    if len(named) < len(order):
        rest = [sum(counts) for counts in zip(*(history.counted[one] for one in order[len(named) :]), strict=True)]
        series.append({"name": pick(REST, language), "line": False, "values": rest, "level": ""})
    return {"labels": [f"{hour.astimezone(zone):%H:%M}" for hour in history.hours], "series": series}


def state_view(found: Figures, language: Language, zone: ZoneInfo) -> dict[str, Any]:
    state = found.state
    disk = state.disk
    return {
        "unready": [{"part": pick(PARTS[one.part], language), "why": one.why} for one in found.unready],
        "due": state.due, "timers": state.timers, "pending": state.pending,
        "next": state.next_check.astimezone(zone) if state.next_check is not None else None,
        "leases": [{"receiver": name, "until": until.astimezone(zone)} for name, until in state.leases]
        if found.whole else [],
        "holders": [{"client": client, "holder": holder} for client, holder in state.holders] if found.whole else [],
        "store": f"{disk.store / 2**20:,.1f} MiB" if disk is not None else "",
        "free": f"{disk.free / 2**30:,.1f} GiB" if disk is not None else "",
    }  # fmt: skip


def alert_views(language: Language) -> list[dict[str, Any]]:
    return [_alert(alert, language) for alert in ALERTS]


def _coded(text: str) -> list[tuple[str, bool]]:
    """Parts of a text, and whether each is a name of the program that no language translates."""
    return [(part, bool(_CODE.fullmatch(part))) for part in _CODE.split(text) if part]


def _headline(summary: str, language: Language) -> str:
    """An alert's sentence where nothing has happened: without whose it is, N for its value."""
    told = _FOR_LONG.sub(pick(("N 分钟", "N minutes"), language), _OF_LABELS.sub("", summary))
    return _VALUE.sub("N", _ROOM.sub("N GiB", _SHARE.sub("N %", told)))


def _alert(alert: Alert, language: Language) -> dict[str, Any]:
    return {
        "id": alert.name, "summary": _headline(pick(alert.summary, language), language),
        "expr": alert.expr, "hold": alert.hold, "severity": pick(SEVERITIES[alert.severity], language),
        "grave": alert.severity == "critical", "means": pick(alert.means, language),
        "do": _coded(pick(alert.do, language)), "commands": alert.commands,
    }  # fmt: skip


def metric_views(families: Sequence[Metric], language: Language) -> list[dict[str, Any]]:
    """Every metric of ours that this process shows, by name: help as /metrics gives it, or its Chinese."""
    found = []
    for family in families:
        if not family.name.startswith(PREFIX):
            continue
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
        plain = name.removeprefix(PREFIX)
        found.append({
            "name": name, "id": f"metric-{plain}", "labels": labels,
            "means": _coded(METRICS.get(plain, family.documentation) if language == "zh" else family.documentation),
            "alerts": [alert.name for alert in ALERTS if alert.metric == plain],
            "panels": [pick(PANELS[title][0], language) for title, own in OWN.items()
                       if any(series.metric == name for series in own.series)],
        })  # fmt: skip
    return sorted(found, key=lambda one: str(one["name"]))
