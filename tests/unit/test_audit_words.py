"""The audit's particulars and who acted, as they are read: names of places, the hall's clock, no code where there is a
word.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from monitor.console.pages.actors import actor_word
from monitor.console.pages.auditfacts import Particulars
from monitor.wording.zones import zone_word

REGISTRY: Any = SimpleNamespace(
    halls={"h1": SimpleNamespace(name="县政务服务中心")},
    units={},
    windows={"w1": SimpleNamespace(name="1 号窗口"), "w2": SimpleNamespace(name="")},
)
SAID = Particulars(language="zh", zone=ZoneInfo("Asia/Shanghai"), registry=REGISTRY)


@pytest.mark.parametrize(
    ("action", "body", "told"),
    [
        ("card.answered", {"from": "open", "to": "answered"}, ["原状态 待签收", "现状态 已回复"]),
        ("request.refused", {"from": "pending", "to": "refused"}, ["原状态 待批", "现状态 未批准"]),
        (
            "request.filed",
            {"kind": "trip", "from": "2026-03-03T20:30:00+00:00"},
            ["类别 出差", "开始 2026-03-04 04:30"],
        ),
        ("request.filed", {"chain": ["window_lead", "unit_head"]}, ["审批流程 窗口负责人、单位负责人"]),
        ("spot.drawn", {"hall": "h1", "drawn": ["w1"], "named": []}, ["大厅 县政务服务中心", "抽出窗口 1 号窗口"]),
        ("spot.drawn", {"drawn": ["w1", "w2"]}, ["抽出窗口 `1 号窗口、w2`"]),
        ("spot.recorded", {"result": "empty", "people": 0}, ["结果 无人在岗", "人数 0"]),
        ("registry.add", {"values": {"id": "w9", "min_staff": 2, "lead": None}}, ["编号 `w9`", "至少在岗人数 2"]),
        ("policy.recorded", {"source": "file"}, ["来源 配置文件"]),
        ("device.lost", {"of_tomorrow": "xyz"}, ["of_tomorrow `xyz`"]),
    ],
)
def test_particulars_are_words(action: str, body: dict[str, Any], told: list[str]) -> None:
    """`…` marks what stands as code."""
    found = SAID.of(action, body)
    assert [
        f"{one['word'] or one['name']} {one['value'] if one['plain'] else '`' + one['value'] + '`'}" for one in found
    ] == told


@pytest.mark.parametrize(
    ("actor", "zh", "en"),
    [
        ("li", "李四", "李四"),
        ("gone", "gone", "gone"),
        ("system", "系统", "the system"),
        ("cli:root", "命令行 root", "command line root"),
        ("cli", "命令行", "command line"),
        ("clinic", "clinic", "clinic"),
        (None, "", ""),
    ],
)
def test_who_acted_is_called_by_name(actor: str | None, zh: str, en: str) -> None:
    named = {"li": "李四"}
    assert (actor_word(actor, named, "zh"), actor_word(actor, named, "en")) == (zh, en)


def test_a_zone_is_called_as_people_call_it() -> None:
    assert zone_word(ZoneInfo("Asia/Shanghai"), "zh") == "北京时间"
    assert zone_word("Asia/Shanghai", "en") == "Asia/Shanghai"
    assert zone_word("Mars/Base", "zh") == "Mars/Base"
