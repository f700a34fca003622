"""Panels without Prometheus, masked addresses, the runbook: tables and pure functions."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from monitor.console.pages.languages import Language
from monitor.console.pages.operationsview import alert_views
from monitor.metrics import Metrics
from monitor.ops.ownpanels import OWN, quantile
from monitor.ops.panels import PANELS
from monitor.ops.runbook import ALERTS
from monitor.supervision.masked import mask_address, mask_text
from monitor.wording.operations import METRICS, RESULTS, SERIES
from monitor.wording.operations import PANELS as WORDED
from tests.http_app import METRICS as SHOWN

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import docs_tables  # noqa: E402 - a script, not part of the package
import prometheus_rules  # noqa: E402 - a script, not part of the package

MASKED = {
    "https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef0123": "https://oapi.dingtalk.com/…",
    "wecombot://2f1d7c52-aaaa-bbbb-cccc-1234567890ab/": "wecombot://…",
    "mailtos://user:secret@mail.example.cn": "mailtos://u***@mail.example.cn",
    "zhang.san@example.cn": "z***@example.cn",
    "13800138000": "138****00",
    "li": "l***",
    "mqtt://alarm:pw@broker.hall.local:1883/out": "mqtt://broker.hall.local/…",
}
TEXTS = {
    "550 <zhang@example.cn> unknown": "550 <z***@example.cn> unknown",
    "号码 13800138000 不存在": "号码 138****00 不存在",
    "POST https://a.example.cn/hook?key=abcdef: 503": "POST https://a.example.cn/… 503",
    "invalid key=9f8e7d6c": "invalid key=…",
    "token 2f1d7c52aaaabbbbcccc1234567890ab is gone": "token 2f1… is gone",
    "HTTP 503 after 12 s": "HTTP 503 after 12 s",
    "2026-03-04T09:30:00+08:00 refused": "2026-03-04T09:30:00+08:00 refused",
}


@pytest.mark.parametrize(("given", "shown"), MASKED.items())
def test_an_address_is_masked(given: str, shown: str) -> None:
    assert mask_address(given) == shown


@pytest.mark.parametrize(("given", "shown"), TEXTS.items())
def test_what_a_receiver_answered_is_masked(given: str, shown: str) -> None:
    assert mask_text(given) == shown


def test_every_panel_has_its_series_and_its_words() -> None:
    titles = [panel.title for panel in PANELS]
    assert set(OWN) == set(WORDED) == set(titles)
    said = {series.said for own in OWN.values() for series in own.series} - {""}
    assert said <= SERIES.keys()
    expressions = {panel.title: " ".join(expr for expr, _ in panel.queries) for panel in PANELS}
    for title, own in OWN.items():
        for series in own.series:
            assert series.metric in expressions[title], f"{title}: the board asks for other metrics"


def test_every_metric_and_every_result_has_chinese() -> None:
    assert METRICS.keys() >= SHOWN.keys()
    counted = Metrics(rules=["r"], channels=["c"])
    counted.start_kiosks(lambda: {"encoded": 0, "dropped": 0, "lost": 0})
    results = {
        sample.labels["result"] for family in counted.registry.collect() for sample in family.samples
        if "result" in sample.labels
    }  # fmt: skip
    assert results - {"encoded"} <= RESULTS.keys()


def test_the_rules_file_is_what_the_runbook_says() -> None:
    assert prometheus_rules.RULES.read_text(encoding="utf-8") == prometheus_rules.text(), "run: make docs"
    others = {"JianchaTaskFailed"}  # told by node_exporter: what has failed says nothing by itself
    assert {alert.name for alert in ALERTS if alert.metric not in METRICS} == others


def test_a_quantile_is_that_of_prometheus() -> None:
    buckets = [(0.1, 2.0), (0.5, 6.0), (1.0, 8.0), (float("inf"), 8.0)]
    assert quantile(0.5, buckets) == pytest.approx(0.3)
    assert quantile(0.99, buckets) == pytest.approx(0.98)
    assert quantile(0.99, [(0.1, 1.0), (float("inf"), 10.0)]) == 0.1
    assert quantile(0.5, [(0.1, 0.0), (float("inf"), 0.0)]) is None
    assert quantile(0.5, []) is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_says_of_an_alert_what_it_means_without_the_template_of_prometheus(language: Language) -> None:
    for view in alert_views(language):
        told = " ".join([view["summary"], view["means"], *(text for text, _ in view["do"])])
        assert not re.search(r"[{}$|]", told), told


def test_what_the_runbook_tells_to_type_is_a_command() -> None:
    known = {name for name, _ in docs_tables.commands()}
    typed = {
        " ".join(words.split()[1:]) for alert in ALERTS for words in alert.commands if words.startswith("jiancha ")
    }
    assert [words for words in typed if not any(f"{words} ".startswith(f"{name} ") for name in known)] == []
