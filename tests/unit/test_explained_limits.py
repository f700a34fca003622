"""The limit of an explanation in words: the version of the item, each limit as it was counted, the due of a task."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.cli.limits import limit_lines

ZONE = "Asia/Shanghai"
PROMISED = {
    "limit": "promised", "amount": 5.0, "unit": "workday", "from": "2026-03-02T01:00:00+00:00",
    "due": "2026-03-13T09:30:00+00:00", "provisional": False, "paused_days": 2, "extension_days": 2,
}  # fmt: skip
OPEN = {**PROMISED, "limit": "statutory", "amount": 20.0, "due": None, "paused_days": 0, "extension_days": 0}
CASE = {"item": "i1", "from": "2026-03-01", "promised": 5.0, "statutory": 20.0, "unit_of_time": "workday"}
TASK = {
    "limit": "told", "amount": None, "unit": None, "from": "2026-12-29T02:00:00+00:00", "event": "e7",
    "due": "2027-01-06T09:30:00+00:00", "provisional": True, "paused_days": 0, "refused": ["e9"],
}  # fmt: skip
TEXTS: list[tuple[str, dict[str, Any], list[str], list[str]]] = [
    (
        "a case with a paused and extended promise, and the law's limit still open",
        {**CASE, "counted": [PROMISED, OPEN]},
        [
            "事项 i1，承诺 5，法定 20 工作日，自 2026-03-01 起",
            "  承诺 5 个工作日，2026-03-02 09:00 起算，2026-03-13 17:30 届满，中止 2 个工作日不计，延长 2 个工作日",
            "  法定 20 个工作日，2026-03-02 09:00 起算，中止中，期限未定",
        ],
        [
            "item i1, promised 5, statutory 20 working days, since 2026-03-01",
            "  promised 5 working days, from 2026-03-02 09:00, due 2026-03-13 17:30, "
            "2 paused working days not counted, extended by 2 working days",
            "  statutory 20 working days, from 2026-03-02 09:00, paused, not known yet",
        ],
    ),
    (
        "an item that the registry lacks",
        {"item": "x", "from": None, "promised": None, "statutory": None, "unit_of_time": None, "counted": []},
        ["事项 x，始终有效"],
        ["item x, always"],
    ),
    (
        "an immediate item, which promises no days",
        {"item": "now", "from": None, "promised": None, "statutory": None, "unit_of_time": "workday", "counted": []},
        ["事项 now，始终有效"],
        ["item now, always"],
    ),
    (
        "a task's own due, another refused",
        TASK,
        ["给定，2026-12-29 10:00 起算，2027-01-06 17:30 届满，由事件 e7 给定，迟到的期限不计：e9，暂定"],
        ["told, from 2026-12-29 10:00, due 2027-01-06 17:30, told by event e7, told too late, not counted: e9, "
         "provisional"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("why", "limit", "zh", "en"), TEXTS, ids=[text[0] for text in TEXTS])
def test_a_limit_in_words(why: str, limit: dict[str, Any], zh: list[str], en: list[str]) -> None:
    assert list(limit_lines(limit, ZONE, "zh")) == zh, why
    assert list(limit_lines(limit, ZONE, "en")) == en, why
